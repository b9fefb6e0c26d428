mod record;
mod stats;
