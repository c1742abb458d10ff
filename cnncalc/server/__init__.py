"""The editor's engine behind the Language Server Protocol: the only room that knows pygls."""
