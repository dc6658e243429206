-- A platform's name is what `mingka keys issue --platform` finds it by, so no two may have one: of
-- two that were made at the same moment, the later one keeps its rows under a name with its id.
UPDATE platforms SET name = name || ' (' || id || ')'
    WHERE EXISTS (SELECT 1 FROM platforms AS earlier
        WHERE earlier.name = platforms.name AND earlier.id < platforms.id);
CREATE UNIQUE INDEX platforms_by_name ON platforms (name);

-- What nobody read.
ALTER TABLE platforms DROP COLUMN settings;
ALTER TABLE instruments DROP COLUMN machine;
DROP INDEX bindings_of_card;
DROP INDEX verifications_of_card;
DROP INDEX instruments_of_card;
DROP INDEX sessions_of_binding;
DROP INDEX payments_of_instrument;
DROP INDEX payments_in_question;

-- A borrower's bindings and verifications are listed in the order of their ids.
DROP INDEX bindings_of_borrower;
CREATE INDEX bindings_of_borrower ON bindings (platform, borrower_ref, id);
CREATE INDEX verifications_of_borrower ON verifications (platform, borrower_ref, id);
