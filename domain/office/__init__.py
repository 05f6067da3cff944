"""Acts of the office: what an officer asks for at the desk, and the fact that it becomes, or why it does not."""
