-- Which message has which UID in a folder of an account, and how it is marked there: what the next
-- look is compared with. `folder` is that of folder_cursor, which names the account.
-- flags: seen 1, flagged 2, answered 4, draft 8.
CREATE TABLE {schema}.folder_message (
    folder uuid NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    message uuid NOT NULL,
    flags smallint NOT NULL,
    PRIMARY KEY (folder, uid_validity, uid)
);

-- Up to where changes are known (RFC 7162); 0 where the server counts none.
ALTER TABLE {schema}.folder_cursor ADD COLUMN highest_modseq bigint NOT NULL DEFAULT 0;
-- Folders are listed once more, as nobody noted UIDs so far: nothing of it is recorded twice.
UPDATE {schema}.folder_cursor SET last_uid = 0;
