//! What is said to etcd, as its contract has it.

pub mod etcd;
