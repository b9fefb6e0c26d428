mod limit;
mod poll;
mod redirect;
mod trigger;
