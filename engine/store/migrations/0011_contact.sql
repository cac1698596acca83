-- migrate:up

-- An ingestion goes on where it stopped, and says how far it is.
ALTER TABLE ingestion_session
    DROP CONSTRAINT ingestion_session_status_check,
    ADD CONSTRAINT ingestion_session_status_check
        CHECK (status IN ('uploaded', 'validated', 'executing', 'executed')),
    ADD COLUMN delimiter text NOT NULL DEFAULT ',',
    ADD COLUMN size_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN place jsonb;            -- {offset, number, refusedBytes} after the last batch

-- What else a contact can be reached by, in order.
ALTER TABLE contact ADD COLUMN other_phones text[] NOT NULL DEFAULT '{}';

-- A contact's calls: what erasing touches.
CREATE INDEX attempt_contact ON attempt (org_id, contact_id, dialed_at DESC);

-- migrate:down

DROP INDEX attempt_contact;
ALTER TABLE contact DROP COLUMN other_phones;
ALTER TABLE ingestion_session
    DROP COLUMN delimiter, DROP COLUMN size_bytes, DROP COLUMN place,
    DROP CONSTRAINT ingestion_session_status_check;
UPDATE ingestion_session SET status = 'validated' WHERE status = 'executing';
ALTER TABLE ingestion_session ADD CONSTRAINT ingestion_session_status_check
    CHECK (status IN ('uploaded', 'validated', 'executed'));
