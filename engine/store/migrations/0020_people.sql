-- migrate:up

-- Numbers, not contacts: who asked not to be called stays uncalled when imported again.
CREATE TABLE do_not_call (
    org_id     uuid NOT NULL REFERENCES organization,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    number     text NOT NULL,          -- E.164
    program_id uuid,                   -- NULL: by none of the organization's programs
    reason     text,
    call_id    uuid,                   -- in which it was asked for
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    created_by uuid,
    updated_by uuid,
    deleted_by uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, program_id) REFERENCES program
);
CREATE UNIQUE INDEX do_not_call_everywhere ON do_not_call (org_id, number)
    WHERE program_id IS NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX do_not_call_program ON do_not_call (org_id, number, program_id)
    WHERE program_id IS NOT NULL AND deleted_at IS NULL;

-- A journal: rows are added, never changed. The latest of given and withdrawn holds.
CREATE TABLE consent (
    org_id     uuid NOT NULL REFERENCES organization,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    number     text NOT NULL,          -- E.164
    kind       text NOT NULL CHECK (kind IN ('given', 'withdrawn', 'refused')),
    source     text NOT NULL,          -- where it was said: a form, a contract, 'call'
    said_at    timestamptz NOT NULL,
    call_id    uuid,
    program_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX consent_number ON consent (org_id, number, said_at DESC);

ALTER TABLE program ADD COLUMN contact_rules jsonb;
ALTER TABLE execution ADD COLUMN contact_rules jsonb;

CREATE INDEX attempt_number ON attempt (org_id, to_number, dialed_at);

-- Whatever the executions: one call to a contact at a time.
CREATE UNIQUE INDEX target_in_call ON target (org_id, contact_id) WHERE dialing_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON do_not_call TO gomobile_tenant;
GRANT SELECT, INSERT ON consent TO gomobile_tenant;
ALTER TABLE do_not_call ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON do_not_call TO gomobile_tenant
    USING (org_id = current_setting('gomobile.org_id')::uuid);
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON consent TO gomobile_tenant
    USING (org_id = current_setting('gomobile.org_id')::uuid);

-- migrate:down

DROP INDEX target_in_call, attempt_number;
ALTER TABLE execution DROP COLUMN contact_rules;
ALTER TABLE program DROP COLUMN contact_rules;
DROP TABLE consent, do_not_call;
