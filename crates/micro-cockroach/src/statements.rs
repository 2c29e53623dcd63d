//! The SQL, prepared once per connection.
//!
//! Keys and names are `BYTEA`: both databases compare it byte by byte, which is the order that the store promises, whereas text is
//! compared by a collation that differs between them. Times of records are Unix nanoseconds of the processes' clocks, as in every other
//! store; times of leases are those of the database, so that all processes mean the same.
//!
//! What a statement costs may not depend on what the database believes of the tables: it counts them now and then, and a plan that was
//! right for a few records would look through a whole scope of millions for each key until they are counted again. So each statement
//! leaves one way only, through an index down to the row; but for those about all scopes, of which each has a row.

use tokio_postgres::{Client, Error, Statement};

use crate::connection::Database;

/// What is read of a record.
const READ: &str =
    "SELECT key, value, metadata, expires_at, version FROM micro_records WHERE scope = $1 AND key = $2";

/// One page: scope, from, to, now, without values, suffix, limit, offset.
const PAGE: &str = "SELECT key, CASE WHEN $5::BOOL THEN ''::BYTEA ELSE value END, metadata, expires_at, version \
     FROM micro_records WHERE scope = $1 AND key >= $2 AND key < $3 AND (expires_at IS NULL OR expires_at > $4) \
     AND ($6::BYTEA = ''::BYTEA OR substr(key, length(key) - length($6::BYTEA) + 1) = $6::BYTEA)";

/// Takes the scope's turn for so many commits: from here to the end of the transaction nobody else changes it. It waits for
/// another transaction's insertion of the same row, too, so a new scope has one order from its first commit.
const LOCK: &str = "INSERT INTO micro_scopes (name, revision, writer) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET revision = micro_scopes.revision + excluded.revision, writer = excluded.writer \
     RETURNING revision, COALESCE(watched_until > now(), false)";

/// Ends any transaction that may still hold the scope, by wanting to write the same row, and tells who wrote last. Reading the row,
/// even for update, would not do on CockroachDB, whose locks of readers may be lost.
const RESOLVE: &str = "INSERT INTO micro_scopes (name, revision, touched) VALUES ($1, 0, 1) \
     ON CONFLICT (name) DO UPDATE SET touched = micro_scopes.touched + 1 RETURNING revision, writer";

const PUT: &str = "INSERT INTO micro_records (scope, key, value, metadata, expires_at, version) \
     SELECT $1::BYTEA, w.key, w.value, w.metadata, w.expires_at, w.version \
     FROM unnest($2::BYTEA[], $3::BYTEA[], $4::TEXT[], $5::INT8[], $6::INT8[]) AS w (key, value, metadata, expires_at, version) \
     ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, metadata = excluded.metadata, \
     expires_at = excluded.expires_at, version = excluded.version";

const LOG: &str = "INSERT INTO micro_changes (scope, revision, ordinal, kind, key, value, metadata, expires_at) \
     SELECT $1::BYTEA, w.revision, w.ordinal, w.kind, w.key, w.value, w.metadata, w.expires_at \
     FROM unnest($2::INT8[], $3::INT8[], $4::INT8[], $5::BYTEA[], $6::BYTEA[], $7::TEXT[], $8::INT8[]) \
     AS w (revision, ordinal, kind, key, value, metadata, expires_at)";

/// Asks that changes be logged, and says after which commit that begins.
const WATCH: &str = "INSERT INTO micro_scopes (name, revision, watched_until) VALUES ($1, 0, now() + INTERVAL '60 seconds') \
     ON CONFLICT (name) DO UPDATE SET watched_until = excluded.watched_until RETURNING revision";

const WATCH_ON: &str =
    "UPDATE micro_scopes SET watched_until = now() + INTERVAL '60 seconds' WHERE name = ANY($1)";

const REVISIONS: &str = "SELECT name, revision FROM micro_scopes WHERE name = ANY($1)";

/// Changes behind a place of the log. What was too large for the log is taken from the record, unless it has been written since.
const CHANGES: &str = "SELECT c.revision, c.ordinal, c.kind, c.key, COALESCE(c.value, (SELECT r.value FROM micro_records AS r \
     WHERE c.kind = 2 AND r.scope = c.scope AND r.key = c.key AND r.version = c.revision)), c.metadata, c.expires_at \
     FROM micro_changes AS c WHERE c.scope = $1 AND (c.revision, c.ordinal) > ($2, $3) ORDER BY c.revision, c.ordinal LIMIT 500";

const TABLES: &str = "SELECT s.name FROM micro_scopes AS s WHERE s.name >= $1 AND s.name < $2";

const EXPIRED: &str =
    "SELECT scope, key FROM micro_records WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1000";

/// Takes or keeps a lease: name, holder, seconds. A row comes back for who has it.
pub const LEASE: &str = "INSERT INTO micro_leases (name, holder, until) VALUES ($1, $2, now() + $3::INT8 * INTERVAL '1 second') \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
     WHERE micro_leases.until < now() OR micro_leases.holder = excluded.holder RETURNING name";

const LOGGED: &str = "SELECT s.name, s.revision, (SELECT min(c.revision) FROM micro_changes AS c WHERE c.scope = s.name) \
     FROM micro_scopes AS s WHERE s.watched_until IS NOT NULL";

const TRIM: &str = "DELETE FROM micro_changes WHERE scope = $1 AND revision >= $2 AND revision <= $3";

const WATCH_OFF: &str =
    "UPDATE micro_scopes SET watched_until = NULL WHERE name = $1 AND watched_until < now()";

/// Some columns of the records of a scope that have one of many keys.
///
/// CockroachDB makes a list of keys a list of places in the index. PostgreSQL before 17 weighs that against the whole scope, so there
/// each key is looked up by itself: `LIMIT` keeps it from being anything else, and changes nothing, as a key has one record.
fn of_keys(database: Database, columns: &str) -> String {
    match database {
        Database::PostgreSql => format!(
            "SELECT found.* FROM unnest($2::BYTEA[]) AS asked (key) CROSS JOIN LATERAL \
             (SELECT {columns} FROM micro_records WHERE scope = $1 AND key = asked.key LIMIT 1) AS found"
        ),
        Database::CockroachDb => {
            format!("SELECT {columns} FROM micro_records WHERE scope = $1 AND key = ANY($2)")
        }
    }
}

/// Removes the records of a scope that have one of many keys; nobody else writes the scope meanwhile. A row's place is PostgreSQL's alone.
fn remove(database: Database) -> String {
    match database {
        Database::PostgreSql => format!(
            "DELETE FROM micro_records WHERE ctid = ANY (ARRAY({}))",
            of_keys(database, "ctid")
        ),
        Database::CockroachDb => "DELETE FROM micro_records WHERE scope = $1 AND key = ANY($2)".to_owned(),
    }
}

/// That a scope has a record. PostgreSQL is kept from reading them all to compare: with `OFFSET` it looks for the first of each.
fn has_records(database: Database) -> &'static str {
    match database {
        Database::PostgreSql => "EXISTS (SELECT 1 FROM micro_records AS r WHERE r.scope = s.name OFFSET 0)",
        Database::CockroachDb => "EXISTS (SELECT 1 FROM micro_records AS r WHERE r.scope = s.name)",
    }
}

/// The prepared statements of one connection.
pub struct Statements {
    pub read: Statement,
    pub read_all: Statement,
    pub page_up: Statement,
    pub page_down: Statement,
    pub lock: Statement,
    pub resolve: Statement,
    pub there: Statement,
    pub put: Statement,
    pub remove: Statement,
    pub log: Statement,
    pub watch: Statement,
    pub watch_on: Statement,
    pub watch_off: Statement,
    pub revisions: Statement,
    pub changes: Statement,
    pub databases: Statement,
    pub tables: Statement,
    pub expired: Statement,
    pub lease: Statement,
    pub logged: Statement,
    pub trim: Statement,
}

impl Statements {
    /// All at once: one round trip.
    pub async fn prepare(client: &Client, database: Database) -> Result<Self, Error> {
        let read_all = of_keys(database, "key, value, metadata, expires_at, version");
        let there = of_keys(database, "key, version, expires_at");
        let remove = remove(database);
        let has_records = has_records(database);
        let databases = format!("SELECT s.name FROM micro_scopes AS s WHERE {has_records}");
        let tables = format!("{TABLES} AND {has_records}");
        let page = |order: &str| format!("{PAGE} ORDER BY key {order} LIMIT $7 OFFSET $8");
        let (up, down) = (page("ASC"), page("DESC"));
        let (reads, writes, watches, sweeps) = tokio::try_join!(
            async {
                tokio::try_join!(
                    client.prepare(READ),
                    client.prepare(&read_all),
                    client.prepare(&up),
                    client.prepare(&down),
                    client.prepare(&databases),
                    client.prepare(&tables)
                )
            },
            async {
                tokio::try_join!(
                    client.prepare(LOCK),
                    client.prepare(RESOLVE),
                    client.prepare(&there),
                    client.prepare(PUT),
                    client.prepare(&remove),
                    client.prepare(LOG)
                )
            },
            async {
                tokio::try_join!(
                    client.prepare(WATCH),
                    client.prepare(WATCH_ON),
                    client.prepare(WATCH_OFF),
                    client.prepare(REVISIONS),
                    client.prepare(CHANGES)
                )
            },
            async {
                tokio::try_join!(
                    client.prepare(EXPIRED),
                    client.prepare(LEASE),
                    client.prepare(LOGGED),
                    client.prepare(TRIM)
                )
            },
        )?;
        let (read, read_all, page_up, page_down, databases, tables) = reads;
        let (lock, resolve, there, put, remove, log) = writes;
        let (watch, watch_on, watch_off, revisions, changes) = watches;
        let (expired, lease, logged, trim) = sweeps;
        Ok(Self {
            read,
            read_all,
            page_up,
            page_down,
            lock,
            resolve,
            there,
            put,
            remove,
            log,
            watch,
            watch_on,
            watch_off,
            revisions,
            changes,
            databases,
            tables,
            expired,
            lease,
            logged,
            trim,
        })
    }
}
