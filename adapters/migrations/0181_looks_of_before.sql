-- Mail that was uncertain before it was looked for is looked for, too.
INSERT INTO {schema}.sent_look (mail, what, lane, since, due)
SELECT mail, 'sight', lane, least(due, now()), now() FROM {schema}.outbox WHERE state = 'uncertain'
ON CONFLICT DO NOTHING;
