"""Price lists of suppliers: a file of up to 100,000 rows is checked, shown row by row, and then applied.

``reading`` opens the file in a child process, ``columns`` finds out what its columns are, ``checking`` turns
cells into values or errors, ``applying`` does one part of 500 rows in one transaction, ``jobs`` goes from part
to part and on after a kill, ``words`` says what happened in the reader's language.
"""
