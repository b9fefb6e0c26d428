mod at_once;
mod limit;
mod poll;
mod redirect;
mod trigger;
