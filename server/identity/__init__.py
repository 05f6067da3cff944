"""Who an officer is: accounts, sessions, tokens, and what each role may do."""
