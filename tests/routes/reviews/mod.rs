mod decide;
mod media;
mod regenerate;
