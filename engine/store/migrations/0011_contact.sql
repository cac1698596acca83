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

-- What audience rules ask of a contact's calls.
CREATE TABLE call_history (
    org_id         uuid NOT NULL,
    contact_id     uuid NOT NULL,
    attempts       integer NOT NULL,
    last_outcome   text NOT NULL,
    last_called_at text COLLATE "C" NOT NULL,  -- 2026-03-02T09:00:00Z, as dates of attributes are kept
    pressed        jsonb NOT NULL,             -- {FLOW.VARIABLE: keys}
    PRIMARY KEY (org_id, contact_id),
    FOREIGN KEY (org_id, contact_id) REFERENCES contact
) WITH (fillfactor = 80);
CREATE INDEX call_history_outcome ON call_history (org_id, last_outcome, contact_id);
CREATE INDEX call_history_called ON call_history (org_id, last_called_at, contact_id);
CREATE INDEX call_history_pressed ON call_history USING gin (pressed jsonb_path_ops);
GRANT SELECT, INSERT, UPDATE, DELETE ON call_history TO gomobile_tenant;
ALTER TABLE call_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON call_history TO gomobile_tenant
    USING (org_id = current_setting('gomobile.org_id')::uuid);

-- The fields people are chosen by.
CREATE INDEX contact_city ON contact (org_id, city, id) WHERE deleted_at IS NULL;

-- migrate:down

DROP INDEX contact_city;
DROP TABLE call_history;
DROP INDEX attempt_contact;
ALTER TABLE contact DROP COLUMN other_phones;
ALTER TABLE ingestion_session
    DROP COLUMN delimiter, DROP COLUMN size_bytes, DROP COLUMN place,
    DROP CONSTRAINT ingestion_session_status_check;
UPDATE ingestion_session SET status = 'validated' WHERE status = 'executing';
ALTER TABLE ingestion_session ADD CONSTRAINT ingestion_session_status_check
    CHECK (status IN ('uploaded', 'validated', 'executed'));
