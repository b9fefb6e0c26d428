mod limit;
mod poll;
mod trigger;
