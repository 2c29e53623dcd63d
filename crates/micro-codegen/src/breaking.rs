//! What of a contract's change breaks those who rely on the old one.
