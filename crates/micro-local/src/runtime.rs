mod desired;
mod log;
mod source;
mod status;
