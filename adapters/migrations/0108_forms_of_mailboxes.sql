-- A web form may be one for the mail of a single mailbox.
ALTER TABLE {schema}.matching_ours ADD COLUMN forms_of uuid; -- none: of every mailbox
