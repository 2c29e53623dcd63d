//! Test doubles: what the generated fakes are made of.
//!
//! A fake records every call and answers, in this order: by the stub if one is set; else with the
//! result set for that call number; else with the default result; else with the empty response.
//! Any call can be made to wait. Everything may be told and asked from several threads at once.

mod bidi;
mod recorder;
mod script;
mod stream;

pub use bidi::BidiRecorder;
pub use recorder::{Invocation, Recorder, in_order};
pub use script::Script;
pub use stream::StreamRecorder;
