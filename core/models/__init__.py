"""Teachers and students: find, create, load, save, ask."""
