//! The store on CockroachDB or PostgreSQL.
