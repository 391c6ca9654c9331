-- Documents that are parts of others: a due date often bears its invoice's number.
ALTER TABLE {schema}.matching_number ADD COLUMN part_of uuid;
