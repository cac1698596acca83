-- migrate:up

-- org_id leads every tenant table's primary key and stands in every hot WHERE, so that the tables
-- can be distributed by organization as they are. Resources are deleted softly; rows of the
-- calling machinery (execution, target, attempt) are never deleted by the product.

DO $$ BEGIN
    CREATE ROLE gomobile_tenant NOLOGIN NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- roles are shared by a cluster's databases
END $$;
GRANT gomobile_tenant TO CURRENT_USER;

-- Who owns ------------------------------------------------------------------------------------

CREATE TABLE plan_limit (
    plan             text PRIMARY KEY,
    contacts         integer,          -- NULL: unlimited, here and below
    calls_per_month  integer,
    concurrent_calls integer,
    flows            integer,
    members          integer
);
INSERT INTO plan_limit VALUES
    ('trial',      100,   100,   1,    3,    1),
    ('free',       500,   500,   5,    10,   3),
    ('basic',      5000,  5000,  20,   50,   10),
    ('advanced',   50000, 50000, 100,  NULL, 50),
    ('enterprise', NULL,  NULL,  NULL, NULL, NULL);

CREATE TABLE organization (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL,
    slug        text NOT NULL UNIQUE,
    country     text NOT NULL,
    timezone    text NOT NULL,
    currency    text NOT NULL,
    plan        text NOT NULL REFERENCES plan_limit,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'inactive')),
    type        text,
    industry    text,
    size        text,
    primary_use text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    created_by  uuid,
    updated_by  uuid,
    deleted_by  uuid
);

CREATE TABLE member (
    org_id            uuid NOT NULL REFERENCES organization,
    id                uuid NOT NULL DEFAULT gen_random_uuid(),
    email             text NOT NULL,
    first_name        text,
    last_name         text,
    phone             text,
    role              text NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
    is_email_verified boolean NOT NULL DEFAULT false,
    last_login_at     timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX member_email ON member (org_id, lower(email)) WHERE deleted_at IS NULL;

CREATE TABLE api_key (
    org_id       uuid NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    member_id    uuid NOT NULL,
    name         text NOT NULL,
    key_prefix   text NOT NULL,
    secret_hash  bytea NOT NULL,       -- SHA-256; the key is random, so a plain hash is enough
    role         text NOT NULL CHECK (role IN ('admin', 'manager', 'agent')),
    is_active    boolean NOT NULL DEFAULT true,
    expires_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, member_id) REFERENCES member
);
CREATE UNIQUE INDEX api_key_secret ON api_key (secret_hash);

-- Whom to call --------------------------------------------------------------------------------

CREATE TABLE contact (
    org_id             uuid NOT NULL REFERENCES organization,
    id                 uuid NOT NULL DEFAULT gen_random_uuid(),
    primary_phone      text NOT NULL,  -- E.164
    primary_phone_raw  text NOT NULL,  -- as it was typed
    first_name         text,
    last_name          text,
    full_name          text,
    primary_email      text,
    address            text,
    city               text,
    state              text,
    zip                text,
    occupation         text,
    preferred_channel  text,
    gender             text CHECK (gender IN ('male', 'female')),
    channels           text[] NOT NULL DEFAULT '{}',
    custom_attributes  jsonb NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    created_by         uuid,
    updated_by         uuid,
    deleted_by         uuid,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX contact_phone ON contact (org_id, primary_phone) WHERE deleted_at IS NULL;
CREATE INDEX contact_created ON contact (org_id, created_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_attributes ON contact USING gin (custom_attributes jsonb_path_ops);

CREATE TABLE custom_attribute (
    org_id       uuid NOT NULL REFERENCES organization,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    name         text NOT NULL,        -- the snake_case slug
    display_name text NOT NULL,
    description  text,
    type         text NOT NULL CHECK (type IN ('text', 'number', 'boolean', 'date', 'phone_number', 'email', 'url')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    created_by   uuid,
    updated_by   uuid,
    deleted_by   uuid,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX custom_attribute_name ON custom_attribute (org_id, name) WHERE deleted_at IS NULL;

CREATE TABLE audience (
    org_id      uuid NOT NULL REFERENCES organization,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    name        text NOT NULL,
    description text,
    type        text NOT NULL CHECK (type IN ('static', 'live')),
    rules       jsonb,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    created_by  uuid,
    updated_by  uuid,
    deleted_by  uuid,
    PRIMARY KEY (org_id, id),
    CHECK ((type = 'live') = (rules IS NOT NULL))
);

CREATE TABLE audience_contact (
    org_id      uuid NOT NULL,
    audience_id uuid NOT NULL,
    contact_id  uuid NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, audience_id, contact_id),
    FOREIGN KEY (org_id, audience_id) REFERENCES audience,
    FOREIGN KEY (org_id, contact_id) REFERENCES contact
);
CREATE INDEX audience_contact_contact ON audience_contact (org_id, contact_id);

CREATE TABLE ingestion_session (
    org_id         uuid NOT NULL REFERENCES organization,
    id             uuid NOT NULL DEFAULT gen_random_uuid(),
    file_name      text NOT NULL,
    path           text NOT NULL,      -- below the data folder
    has_header_row boolean NOT NULL,
    columns        text[] NOT NULL,
    audience_id    uuid,
    mappings       jsonb,
    status         text NOT NULL DEFAULT 'uploaded' CHECK (status IN ('uploaded', 'validated', 'executed')),
    counts         jsonb,
    refused_path   text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- What is heard -------------------------------------------------------------------------------

-- Clips live in the database, so that every engine process on every machine hears the same ones.
CREATE TABLE clip (
    org_id   uuid NOT NULL REFERENCES organization,
    sha256   bytea NOT NULL,           -- of the original
    original bytea NOT NULL,
    samples  bytea NOT NULL,           -- prepared: 8 kHz, mono, 16-bit little-endian
    PRIMARY KEY (org_id, sha256)
);
ALTER TABLE clip ALTER COLUMN original SET STORAGE EXTERNAL, ALTER COLUMN samples SET STORAGE EXTERNAL;

CREATE TABLE audio (
    org_id       uuid NOT NULL REFERENCES organization,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    title        text NOT NULL,
    description  text,
    usage_type   text NOT NULL CHECK (usage_type IN
                 ('welcome', 'goodbye', 'question', 'prompt', 'hold_music', 'notification', 'other')),
    tags         text[] NOT NULL DEFAULT '{}',
    file_name    text NOT NULL,
    content_type text NOT NULL,
    size_bytes   bigint NOT NULL,
    duration_ms  integer NOT NULL,
    sample_rate  integer NOT NULL,     -- of the original, Hz
    channels     integer NOT NULL,
    clip         bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    created_by   uuid,
    updated_by   uuid,
    deleted_by   uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, clip) REFERENCES clip
);

-- System dictionaries ship with the code; these are an organization's own.
CREATE TABLE dictionary (
    org_id      uuid NOT NULL REFERENCES organization,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    name        text NOT NULL,
    description text,
    language    text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    created_by  uuid,
    updated_by  uuid,
    deleted_by  uuid,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE dictionary_entry (
    org_id        uuid NOT NULL,
    dictionary_id uuid NOT NULL,
    key           text NOT NULL CHECK (length(key) BETWEEN 1 AND 256),
    clip          bytea NOT NULL,
    duration_ms   integer NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, dictionary_id, key),
    FOREIGN KEY (org_id, dictionary_id) REFERENCES dictionary,
    FOREIGN KEY (org_id, clip) REFERENCES clip
);

-- From which numbers --------------------------------------------------------------------------

-- Trunks are the operator's; numbers are lent to organizations.
CREATE TABLE trunk (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name             text NOT NULL UNIQUE,
    host             text NOT NULL,
    port             integer NOT NULL DEFAULT 5060 CHECK (port BETWEEN 1 AND 65535),
    transport        text NOT NULL DEFAULT 'udp' CHECK (transport IN ('udp')),
    domain           text,             -- in From and To; NULL: the host
    username         text,
    password         text,
    channels         integer NOT NULL DEFAULT 1000 CHECK (channels > 0),
    calls_per_second real NOT NULL DEFAULT 50 CHECK (calls_per_second > 0),
    codecs           text[] NOT NULL DEFAULT '{PCMA,PCMU}',
    status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz
);

CREATE TABLE did (
    org_id           uuid NOT NULL REFERENCES organization,
    id               uuid NOT NULL DEFAULT gen_random_uuid(),
    number           text NOT NULL,    -- E.164
    country          text NOT NULL,
    description      text,
    status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'reserved')),
    trunk_id         uuid NOT NULL REFERENCES trunk,
    max_concurrent   integer CHECK (max_concurrent > 0),
    calls_per_second real CHECK (calls_per_second > 0),
    daily_cap        integer CHECK (daily_cap > 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    created_by       uuid,
    updated_by       uuid,
    deleted_by       uuid,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX did_number ON did (number) WHERE deleted_at IS NULL;

-- What is said, and what runs -----------------------------------------------------------------

CREATE TABLE flow (
    org_id      uuid NOT NULL REFERENCES organization,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    name        text NOT NULL,
    description text,
    version     integer NOT NULL,      -- the newest
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    created_by  uuid,
    updated_by  uuid,
    deleted_by  uuid,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE flow_version (
    org_id     uuid NOT NULL,
    flow_id    uuid NOT NULL,
    version    integer NOT NULL,
    graph      jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    PRIMARY KEY (org_id, flow_id, version),
    FOREIGN KEY (org_id, flow_id) REFERENCES flow
);

CREATE TABLE program (
    org_id            uuid NOT NULL REFERENCES organization,
    id                uuid NOT NULL DEFAULT gen_random_uuid(),
    name              text NOT NULL,
    flow_id           uuid NOT NULL,
    audience_id       uuid NOT NULL,
    start_at          timestamptz NOT NULL,
    stop_at           timestamptz,
    retry_strategy    jsonb NOT NULL,
    pause_windows     jsonb,
    mode              text NOT NULL CHECK (mode IN ('batch', 'live')),
    trigger_condition jsonb,
    auto_pause_rules  jsonb,
    status            text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    created_by        uuid,
    updated_by        uuid,
    deleted_by        uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, flow_id) REFERENCES flow,
    FOREIGN KEY (org_id, audience_id) REFERENCES audience
);

CREATE TABLE program_did (
    org_id     uuid NOT NULL,
    program_id uuid NOT NULL,
    did_id     uuid NOT NULL,
    position   integer NOT NULL,
    PRIMARY KEY (org_id, program_id, did_id),
    FOREIGN KEY (org_id, program_id) REFERENCES program,
    FOREIGN KEY (org_id, did_id) REFERENCES did
);

-- An execution carries its own copy of what the program said at launch, so that editing a program
-- never changes a running one. A call request is an execution with one target and no program.
CREATE TABLE execution (
    org_id             uuid NOT NULL REFERENCES organization,
    id                 uuid NOT NULL DEFAULT gen_random_uuid(),
    kind               text NOT NULL DEFAULT 'program' CHECK (kind IN ('program', 'request')),
    program_id         uuid,
    audience_id        uuid,
    flow_id            uuid NOT NULL,
    flow_version       integer NOT NULL,
    status             text NOT NULL CHECK (status IN
                       ('scheduled', 'running', 'paused', 'completed', 'stopped', 'cancelled')),
    pause_reason       text,           -- 'requested', or 'auto:NODE'
    did_ids            uuid[] NOT NULL,
    retry_strategy     jsonb NOT NULL,
    pause_windows      jsonb,
    auto_pause_rules   jsonb,
    scheduled_start_at timestamptz NOT NULL,
    scheduled_stop_at  timestamptz,
    actual_start_at    timestamptz,
    actual_end_at      timestamptz,
    total              integer NOT NULL DEFAULT 0,
    pending            integer NOT NULL DEFAULT 0,
    in_progress        integer NOT NULL DEFAULT 0,
    completed          integer NOT NULL DEFAULT 0,
    failed             integer NOT NULL DEFAULT 0,
    skipped            integer NOT NULL DEFAULT 0,
    swept              boolean NOT NULL DEFAULT true,  -- false: stopped or cancelled, and pending contacts may be left to skip
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    created_by         uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, flow_id, flow_version) REFERENCES flow_version,
    CHECK (pending >= 0 AND in_progress >= 0 AND completed >= 0 AND failed >= 0 AND skipped >= 0),
    CHECK (pending + in_progress + completed + failed + skipped = total)
) WITH (fillfactor = 50);              -- its counters change with every batch
CREATE INDEX execution_unfinished ON execution (org_id, id)
    WHERE status IN ('scheduled', 'running', 'paused');
CREATE INDEX execution_unswept ON execution (org_id, id) WHERE NOT swept;
CREATE UNIQUE INDEX execution_one_per_program ON execution (org_id, program_id)
    WHERE status IN ('scheduled', 'running', 'paused') AND program_id IS NOT NULL;
CREATE INDEX execution_program ON execution (org_id, program_id, created_at DESC);

-- How often each node of an execution's flow was entered.
CREATE TABLE execution_node (
    org_id       uuid NOT NULL,
    execution_id uuid NOT NULL,
    node_id      text NOT NULL,
    entered      bigint NOT NULL DEFAULT 0,
    since_resume bigint NOT NULL DEFAULT 0,    -- what an auto-pause rule with resetOnResume compares
    PRIMARY KEY (org_id, execution_id, node_id),
    FOREIGN KEY (org_id, execution_id) REFERENCES execution
);

-- The queue -----------------------------------------------------------------------------------

-- An engine process that holds leases: a new row at every start, renewed on the database's clock.
CREATE TABLE engine_node (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    renewed_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz
);

-- One row per contact of an execution.
--   pending ─ claim ─▶ leased ─ intent (dialing_at, attempts + 1) ─▶ leased, dialing ─ outcome ─▶ done
--                         │                                                             └▶ pending (retry)
--                         └ release, or the reaper ─▶ pending
CREATE TABLE target (
    org_id       uuid NOT NULL,
    execution_id uuid NOT NULL,
    contact_id   uuid NOT NULL,
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'done')),
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    results      text[] NOT NULL DEFAULT '{}', -- of the attempts that ended, in order
    node_id      uuid,                 -- the engine node that leases it
    dialing_at   timestamptz,          -- the committed intent of the attempt under way
    did_id       uuid,                 -- of the last attempt
    verdict      text CHECK (verdict IN ('completed', 'failed', 'skipped')),
    result       text,                 -- of the last attempt
    cause        text,                 -- of the last attempt, or why it was skipped
    finished_at  timestamptz,
    PRIMARY KEY (org_id, execution_id, contact_id),
    FOREIGN KEY (org_id, execution_id) REFERENCES execution,
    CHECK ((state = 'leased') = (node_id IS NOT NULL)),
    CHECK ((state = 'done') = (verdict IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX target_due ON target (org_id, execution_id, due_at) WHERE state = 'pending';
CREATE INDEX target_leased ON target (node_id) WHERE state = 'leased';

-- One row per attempt, inserted with its intent, closed with its outcome. Its id is the call's id.
CREATE TABLE attempt (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL,
    execution_id   uuid NOT NULL,
    contact_id     uuid NOT NULL,
    number         integer NOT NULL,   -- 1 for the first
    node_id        uuid NOT NULL,
    did_id         uuid NOT NULL,
    trunk_id       uuid NOT NULL,
    from_number    text NOT NULL,
    to_number      text NOT NULL,
    dialed_at      timestamptz NOT NULL,
    ringing_at     timestamptz,
    answered_at    timestamptz,
    first_audio_at timestamptz,
    ended_at       timestamptz,
    answered_by    text,
    result         text,               -- NULL while the call lives
    cause          text,
    fault          text,
    sip_status     integer,
    q850           integer,
    detail         text,
    PRIMARY KEY (org_id, id, dialed_at)
) PARTITION BY RANGE (dialed_at);
CREATE INDEX attempt_target ON attempt (org_id, execution_id, contact_id, number);
CREATE INDEX attempt_recent ON attempt (org_id, dialed_at DESC, id);
CREATE TABLE attempt_default PARTITION OF attempt DEFAULT;

-- The flow run of one call, written once at its end.
CREATE TABLE call_trace (
    org_id       uuid NOT NULL,
    call_id      uuid NOT NULL,
    flow_id      uuid NOT NULL,
    flow_version integer NOT NULL,
    path         jsonb NOT NULL,       -- [{nodeId, nodeType, nodeLabel, outputPath, timestamp}]
    variables    jsonb NOT NULL,
    node_counts  jsonb NOT NULL,       -- {nodeId: times entered}
    events       jsonb NOT NULL,       -- [{type, timestamp, data}]
    quality      jsonb NOT NULL,       -- packets, loss, jitter, answer to first audio
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, call_id)
);

CREATE TABLE recording (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL,
    call_id        uuid NOT NULL,
    node_id        text,
    recording_type text NOT NULL CHECK (recording_type IN ('segment', 'full_call')),
    path           text NOT NULL,      -- below the data folder
    duration_ms    integer NOT NULL,
    size_bytes     bigint NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);
CREATE INDEX recording_call ON recording (org_id, call_id);
CREATE INDEX recording_recent ON recording (org_id, created_at DESC, id);

CREATE TABLE idempotency_key (
    org_id     uuid NOT NULL REFERENCES organization,
    key        text NOT NULL,
    route      text NOT NULL,          -- method and path
    body_hash  bytea NOT NULL,
    status     integer,                -- NULL: the first request is still at work
    response   bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, key)
);

-- The second wall -----------------------------------------------------------------------------

-- The API works as gomobile_tenant with gomobile.org_id set; the engine's own role bypasses this
-- and always names org_id.
GRANT USAGE ON SCHEMA public TO gomobile_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO gomobile_tenant;
REVOKE ALL ON engine_node, schema_migrations FROM gomobile_tenant;
REVOKE ALL ON attempt_default FROM gomobile_tenant;  -- policies stand on the parent alone
REVOKE INSERT, UPDATE, DELETE ON plan_limit, trunk FROM gomobile_tenant;
REVOKE INSERT, DELETE ON organization FROM gomobile_tenant;
REVOKE SELECT ON trunk FROM gomobile_tenant;
GRANT SELECT (id, name, status, created_at, updated_at, deleted_at) ON trunk TO gomobile_tenant;

ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON organization TO gomobile_tenant
    USING (id = current_setting('gomobile.org_id')::uuid);

DO $$
DECLARE tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY[
        'member', 'api_key', 'contact', 'custom_attribute', 'audience', 'audience_contact',
        'ingestion_session', 'clip', 'audio', 'dictionary', 'dictionary_entry', 'did', 'flow',
        'flow_version', 'program', 'program_did', 'execution', 'execution_node', 'target',
        'attempt', 'call_trace', 'recording', 'idempotency_key'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY own_rows ON %I TO gomobile_tenant '
                       'USING (org_id = current_setting(''gomobile.org_id'')::uuid)', tenant_table);
    END LOOP;
END $$;

-- migrate:down

DROP TABLE idempotency_key, recording, call_trace, attempt, target, engine_node, execution_node,
    execution, program_did, program, flow_version, flow, did, trunk, dictionary_entry, dictionary,
    audio, clip, ingestion_session, audience_contact, audience, custom_attribute, contact, api_key,
    member, organization, plan_limit;
