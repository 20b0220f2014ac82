"""What type each expression has, and what becomes of a value where another type is wanted.

`inferred_types` (with `number_types` and `column_facts`) tell the type, `coercion` is what follows
from it: `spelling_out` first, then `arithmetic` of calculations and `column_conversions` of whole
columns. `wide_integers` holds where 64 bits are too few.
"""
