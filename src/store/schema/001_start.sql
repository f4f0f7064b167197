-- One installation's memory. Every address, raw mail and letter is sealed (AES-256-GCM) with a key that is not
-- in this file; a person is named by keyed fingerprints only.
--
-- Rows lie in the order in which they came, and random keys in narrow indexes beside them: a batch of mails then
-- writes few pages, and each of them once.

CREATE TABLE mail (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    content_hash  BLOB    NOT NULL,                  -- what the sender wrote, whatever box it came to
    mailbox       TEXT    NOT NULL,                  -- the box it was first seen in
    received_at   INTEGER NOT NULL,                  -- seconds; the earliest receipt of all boxes
    stored_at     INTEGER NOT NULL,
    size          INTEGER NOT NULL,                  -- raw bytes
    partial       INTEGER NOT NULL,                  -- 1: only header and first part were fetched
    sender_key    BLOB    NOT NULL,                  -- of mails that count towards a sender's quota; else empty
    verified      TEXT    NOT NULL,                  -- our own DKIM check, done at intake; '' when none
    state         TEXT    NOT NULL CHECK (state IN ('new', 'done', 'quarantined')),
    attempts      INTEGER NOT NULL,                  -- that failed, or in which the program died
    outcome       TEXT    NOT NULL,                  -- how it ended, '' while new
    case_id       INTEGER NOT NULL                   -- the case it opened or joined, 0 for none
) STRICT;
-- The beginning of a random key finds its row as surely as all of it, and four times as many fit on a page.
CREATE INDEX mail_content ON mail (substr(content_hash, 1, 8));

-- What is large lies apart, so that counting an attempt does not write it again.
CREATE TABLE raw (
    mail_id INTEGER PRIMARY KEY,
    bytes   BLOB NOT NULL                            -- sealed
) STRICT;
CREATE TABLE reading (
    mail_id INTEGER PRIMARY KEY,
    sealed  BLOB NOT NULL                            -- findings, for the DPO
) STRICT;
CREATE INDEX mail_new  ON mail (id) WHERE state = 'new';
CREATE INDEX mail_quota ON mail (sender_key, stored_at) WHERE sender_key <> x'';
CREATE INDEX mail_case ON mail (case_id) WHERE case_id <> 0;

CREATE TABLE sighting (                              -- each message on a server has one recorded outcome
    mailbox  TEXT    NOT NULL,
    folder   TEXT    NOT NULL,
    place    TEXT    NOT NULL,                       -- "uidvalidity/uid", a Maildir name, or a content hash
    mail_id  INTEGER NOT NULL,                       -- 0 when no bytes came
    outcome  TEXT    NOT NULL CHECK (outcome IN ('stored', 'twin', 'unreadable', 'gone', 'retry')),
    attempts INTEGER NOT NULL,                       -- fetches that gave nothing
    seen_at  INTEGER NOT NULL,
    filed    INTEGER NOT NULL,                       -- 1: the server's copy was marked or moved
    PRIMARY KEY (mailbox, folder, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    fingerprint BLOB NOT NULL,                       -- keyed, of the exact address
    address     BLOB NOT NULL                        -- sealed
) STRICT;
CREATE INDEX person_fingerprint ON person (substr(fingerprint, 1, 8));

CREATE TABLE matter (                                -- a case
    id          INTEGER PRIMARY KEY,                 -- what other tables call it: neighbours in time lie together
    reference   TEXT    NOT NULL UNIQUE,
    opened_at   INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    due_on      TEXT    NOT NULL,
    wake_at     INTEGER,                             -- NULL: the clock never needs to look
    dpo_told    INTEGER NOT NULL,                    -- 1: named in a notice, or needs none
    body        TEXT    NOT NULL                     -- the case as replaying the journal gives it
) STRICT;
CREATE INDEX matter_wake ON matter (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX matter_tell ON matter (opened_at) WHERE dpo_told = 0;

CREATE TABLE letter (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id       INTEGER NOT NULL,                  -- 0 for a notice about no single case
    kind          TEXT    NOT NULL,
    to_key        BLOB    NOT NULL,                  -- fingerprint that folds case, for caps
    domain_key    BLOB    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('due', 'claimed', 'sent', 'refused', 'unknown', 'outdated')),
    attempts      INTEGER NOT NULL,                  -- counted before each attempt
    unknowns      INTEGER NOT NULL,                  -- attempts that ended without an answer after the final dot
    queued_at     INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    settled_at    INTEGER NOT NULL,                  -- 0 while open
    bounced       INTEGER NOT NULL,
    token_hash    BLOB    NOT NULL,                  -- keyed; the token itself is nowhere; empty: it carries none
    person        BLOB    NOT NULL,                  -- who must be the sender of an answer
    purpose       TEXT    NOT NULL CHECK (purpose IN ('', 'confirm', 'undo', 'thread')),
    code_hash     BLOB    NOT NULL,                  -- empty: no code is asked
    tries         INTEGER NOT NULL,                  -- wrong codes so far
    expires_at    INTEGER NOT NULL                   -- of the token; 0 until the letter was accepted (R24)
) STRICT;
CREATE TABLE letter_bytes (                          -- gone when the letter is settled
    letter_id INTEGER PRIMARY KEY,
    sealed    BLOB NOT NULL                          -- MAIL FROM, newline, RCPT TO, newline, final bytes
) STRICT;
CREATE INDEX letter_open  ON letter (due_at) WHERE settled_at = 0;
CREATE INDEX letter_to    ON letter (substr(to_key, 1, 8), queued_at);
CREATE INDEX letter_case  ON letter (case_id) WHERE case_id <> 0;
CREATE INDEX letter_token ON letter (substr(token_hash, 1, 8)) WHERE token_hash <> x'';

CREATE TABLE sent (                                  -- letters that reached an end, by minute: the caps per hour
    minute     INTEGER NOT NULL,
    domain_key BLOB    NOT NULL,
    letters    INTEGER NOT NULL,
    PRIMARY KEY (minute, domain_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression (
    fingerprint BLOB    NOT NULL PRIMARY KEY,        -- keyed, of the address with case folded; nothing else of the person
    since       INTEGER NOT NULL,
    basis       TEXT    NOT NULL,
    entities    TEXT    NOT NULL,                    -- JSON list of names, as configured on that day
    case_ref    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (                               -- an entry: what one event brought about
    seq      INTEGER PRIMARY KEY,                    -- 1, 2, 3… without a gap
    case_id  INTEGER NOT NULL,                       -- 0 for facts about no case
    at       INTEGER NOT NULL,                       -- milliseconds
    by       TEXT    NOT NULL,                       -- 'daemon', or who acted
    facts    TEXT    NOT NULL,                       -- JSON list, no personal data
    hash     BLOB    NOT NULL                        -- SHA-256 over the former hash and this row
) STRICT;
CREATE INDEX journal_case ON journal (case_id, seq) WHERE case_id <> 0;
CREATE TRIGGER journal_is_append_only_update BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_delete BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
