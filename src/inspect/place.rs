//! What a path says of the run that put a file there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pipe_engine::cache::{Cache, CacheError, PublishedFile, PublishedFolder, PublishedPart};
use pipe_engine::manifest::location;
use pipe_foundation::Digest;

/// The place of a file among the manifests that a cache knows.
pub struct Place {
    path: PathBuf,
    /// The files of manifests by name.
    manifests: HashMap<String, PathBuf>,
    published: Vec<PublishedFolder>,
}

impl Place {
    /// The place of `path`.
    ///
    /// # Errors
    /// When what the cache knows of manifests cannot be read.
    pub fn of(cache: &Cache, path: &Path) -> Result<Self, CacheError> {
        let mut manifests = HashMap::new();
        for name in cache.runs.manifests()? {
            if let Some(manifest) = cache.owner(&name)? {
                manifests.insert(name, manifest);
            }
        }
        Ok(Self {
            path: location(path),
            manifests,
            published: cache.published.all()?,
        })
    }

    /// How near a manifest is to the file: first that which has put it there, then that in the folder that is the fewest
    /// levels above it.
    pub fn nearness(&self, manifest: &str) -> (bool, usize) {
        let Some(file) = self.manifests.get(manifest) else {
            return (false, 0);
        };
        let mut published = self.published.iter();
        let has_put = published.any(|folder| {
            let inside = self.path.strip_prefix(&folder.folder);
            let is_file = |inside: &Path| {
                let mut files = folder.files.iter();
                files.any(|file| Path::new(&file.name) == inside)
            };
            Path::new(&folder.manifest) == file && inside.is_ok_and(is_file)
        });
        let above = file.parent().filter(|above| self.path.starts_with(above));
        (has_put, above.map_or(0, |above| above.components().count()))
    }

    /// The tables and pages with `digest` that runs have written, each with the name of its manifest; those at this path
    /// alone if there are any.
    pub fn tables_and_pages(&self, digest: &Digest) -> Vec<(&str, &PublishedFile)> {
        let mut found = Vec::new();
        for folder in &self.published {
            let mut names = self.manifests.iter();
            let name = names.find(|(_, file)| Path::new(&folder.manifest) == **file);
            let Some((name, _)) = name else {
                continue;
            };
            let is_result = |file: &&PublishedFile| {
                matches!(file.part, PublishedPart::Result | PublishedPart::Failed)
            };
            let files = folder.files.iter();
            for file in files.filter(|file| file.digest == *digest && !is_result(file)) {
                let is_here = Path::new(&folder.folder).join(&file.name) == self.path;
                found.push((is_here, name.as_str(), file));
            }
        }
        let any_here = found.iter().any(|(is_here, ..)| *is_here);
        let wanted = found
            .into_iter()
            .filter(|(is_here, ..)| *is_here || !any_here);
        wanted.map(|(_, name, file)| (name, file)).collect()
    }
}
