"""Sessions of classifying that were saved: which images, what models said of them, what the reader says.

A session is a folder of its owner's alone; deleting the folder deletes the session. Others may use

- `saved`: what a session holds, and whether its pictures are as they were
- `files`: writing, listing, reading and deleting sessions
- `pasted`: where pasted pictures are kept until a session is saved
- `moved`: finding pictures that lie elsewhere now
"""
