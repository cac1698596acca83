-- migrate:up

-- How people and operators are known, and what they did. What proves an identity (passwords,
-- refresh tokens, invitations) is kept as a hash and read by the engine's role alone: the tenant's
-- role sees no more of it than whose it is.

CREATE TABLE password (
    org_id     uuid NOT NULL,
    member_id  uuid NOT NULL,
    hash       text NOT NULL,          -- argon2id, with its salt and its cost
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, member_id),
    FOREIGN KEY (org_id, member_id) REFERENCES member
);
CREATE INDEX member_login ON member (lower(email)) WHERE deleted_at IS NULL;

CREATE TABLE session (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL DEFAULT gen_random_uuid(),
    member_id      uuid NOT NULL,
    user_agent     text,
    address        text,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,   -- of its refresh token
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text CHECK (revoked_reason IN ('logout', 'revoked', 'reuse', 'password')),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, member_id) REFERENCES member,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE INDEX session_member ON session (org_id, member_id, created_at DESC);

-- Every token a session was ever given; a used one that comes again has been stolen.
CREATE TABLE refresh_token (
    org_id     uuid NOT NULL,
    token_hash bytea NOT NULL,         -- SHA-256 of random bytes
    session_id uuid NOT NULL,
    issued_at  timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (org_id, token_hash),
    FOREIGN KEY (org_id, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE UNIQUE INDEX refresh_token_hash ON refresh_token (token_hash);
CREATE INDEX refresh_token_session ON refresh_token (org_id, session_id);

CREATE TABLE invitation (
    org_id      uuid NOT NULL REFERENCES organization,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    email       text NOT NULL,
    role        text NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
    token_hash  bytea NOT NULL,
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX invitation_token ON invitation (token_hash);
CREATE UNIQUE INDEX invitation_open ON invitation (org_id, lower(email)) WHERE accepted_at IS NULL;

CREATE TABLE operator_key (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);

-- Who did what: appended in the transaction of the change itself, never changed but to forget a
-- person.
CREATE TABLE audit_entry (
    org_id      uuid NOT NULL REFERENCES organization,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    at          timestamptz NOT NULL,
    member_id   uuid,
    key_id      uuid,
    session_id  uuid,
    operator_id uuid,
    action      text NOT NULL,         -- the route: PUT /api/contact/{id}
    path        text NOT NULL,
    resource_id uuid,
    request_id  text,
    address     text,
    before      jsonb,
    after       jsonb,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_entry_at ON audit_entry (org_id, at DESC, id);
CREATE INDEX audit_entry_resource ON audit_entry (org_id, resource_id, at DESC);

-- What operators did to what is nobody's: trunks.
CREATE TABLE operator_audit_entry (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    at          timestamptz NOT NULL,
    operator_id uuid,
    action      text NOT NULL,
    path        text NOT NULL,
    request_id  text,
    address     text,
    before      jsonb,
    after       jsonb
);

GRANT SELECT (org_id, member_id) ON password TO gomobile_tenant;
GRANT SELECT, UPDATE ON session TO gomobile_tenant;
GRANT SELECT (org_id, session_id) ON refresh_token TO gomobile_tenant;
GRANT SELECT, INSERT, DELETE ON invitation TO gomobile_tenant;
GRANT SELECT, INSERT ON audit_entry TO gomobile_tenant;
GRANT UPDATE (before, after) ON audit_entry TO gomobile_tenant;

DO $$
DECLARE tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY[
        'password', 'session', 'refresh_token', 'invitation', 'audit_entry'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY own_rows ON %I TO gomobile_tenant '
                       'USING (org_id = current_setting(''gomobile.org_id'')::uuid)', tenant_table);
    END LOOP;
END $$;

-- migrate:down

DROP TABLE operator_audit_entry, audit_entry, operator_key, invitation, refresh_token, session,
    password;
DROP INDEX member_login;
