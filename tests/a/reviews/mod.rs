mod decide;
mod leads;
mod media;
mod regenerate;
