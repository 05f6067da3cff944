"""The officers' face: sign-in, case files, terminals, help; a page for people and JSON for programs of each."""
