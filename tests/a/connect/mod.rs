mod credential;
mod nodes;
