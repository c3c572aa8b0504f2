//! Getting models from the hub, against a server in this process that behaves as the hub does, and as it should not.
//! With `SKILLSCOPE_PYTHON` naming a Python that has huggingface_hub, that package judges the cache we leave.

#[path = "hub/command.rs"]
mod command;
#[path = "hub/download.rs"]
mod download;
#[path = "hub/python.rs"]
mod python;
#[path = "hub/server.rs"]
mod server;
