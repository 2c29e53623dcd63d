//! The registry on etcd.
