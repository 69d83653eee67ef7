"""A database of the version before, and what that version answered to everybody who asked why.

`before.sqlite.gz` and `before.sql.gz` (a plain dump of PostgreSQL, without owners and privileges) hold the
same seven services of three months, in which every rule, step and trigger occurs and every table of Parkway
has rows. `before.json` has, of each service, the settings, links and choices, and for each child the days
from which on the answer to "why" was another one.
"""
