mod content;
mod create;
mod delete;
mod list;
mod resume_url;
mod update;
