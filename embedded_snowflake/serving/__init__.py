"""The process and its HTTP face: started, found, asked, stopped.

What travels on the wire and how the process lives. What a statement does stands in `sessions/`.
"""
