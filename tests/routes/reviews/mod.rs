mod decide;
mod regenerate;
