//! Looks at the picture files that a sample names: the only importer of `image`.
//! It reports facts and decides nothing.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use image::{ImageFormat, ImageReader, Limits};

use crate::check::{Facts, ImageSettings, Look, Picture};

/// Most bytes that decoding one pixel may take, 16-bit RGBA and a copy of it.
const BYTES_PER_PIXEL: u64 = 16;

/// Pixels above which a picture counts as large: 16 million.
const LARGE_PIXELS: u64 = 16 << 20;

/// Looks at all pictures of a sample whose file lies in `folder`.
pub fn look(names: &[String], folder: &Path, settings: &ImageSettings) -> Facts {
    if settings.check == Look::Off {
        return Facts::new();
    }
    names.iter().map(|name| picture(name, folder, settings)).collect()
}

/// Tells whether all pictures are there; cheap, for samples that wait.
pub fn all_there(names: &[String], folder: &Path, settings: &ImageSettings) -> bool {
    settings.check == Look::Off
        || names.iter().all(|name| locate(name, folder, &settings.root).is_some())
}

/// Tells whether one of the pictures was changed within the last `age`: it may still be written.
pub fn any_changing(
    names: &[String],
    folder: &Path,
    settings: &ImageSettings,
    age: Duration,
) -> bool {
    let changed =
        |name: &String| locate(name, folder, &settings.root)?.metadata().ok()?.modified().ok();
    let recent = |name: &String| {
        changed(name).is_some_and(|time| time.elapsed().is_ok_and(|elapsed| elapsed < age))
    };
    settings.check == Look::Decode && names.iter().any(recent)
}

/// Finds a picture in the roots or beside the sample's file; `None` if it is in none of them.
///
/// Names may be relative, absolute or `file://`. What lies outside all these folders, also by way of `..` or
/// a symbolic link, is not there.
pub fn locate(name: &str, folder: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let name = Path::new(name.strip_prefix("file://").unwrap_or(name));
    if name.components().any(|part| matches!(part, Component::ParentDir)) && name.is_absolute() {
        return None;
    }
    roots.iter().map(PathBuf::as_path).chain([folder]).find_map(|root| {
        let path = root.join(name);
        let metadata = path.metadata().ok()?;
        let inside = path.canonicalize().ok()?.starts_with(root.canonicalize().ok()?);
        (metadata.is_file() && inside).then_some(path)
    })
}

fn picture(name: &str, folder: &Path, settings: &ImageSettings) -> Picture {
    let Some(path) = locate(name, folder, &settings.root) else { return Picture::Missing };
    if settings.check == Look::Exists {
        return Picture::Present;
    }
    // A decoder that panics has met a broken picture.
    let decoded = std::panic::catch_unwind(|| decode(&path, settings.max_pixels));
    match decoded.unwrap_or_else(|_| Err("the decoder failed".to_owned())) {
        Ok((width, height)) => Picture::Decoded { width, height },
        Err(why) => Picture::Broken(why.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Decodes a picture within the limits and returns its size in pixels.
fn decode(path: &Path, max_pixels: u64) -> Result<(u32, u32), String> {
    let open = || -> std::io::Result<ImageReader<BufReader<File>>> {
        ImageReader::new(BufReader::new(File::open(path)?)).with_guessed_format()
    };
    let reader = open().map_err(|error| error.to_string())?;
    let format = reader.format();
    let (width, height) = reader.into_dimensions().map_err(|error| error.to_string())?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(format!("{width} x {height} pixels, more than the {max_pixels} allowed"));
    }
    if format == Some(ImageFormat::Jpeg)
        && !ends_as_jpeg(path).map_err(|error| error.to_string())?
    {
        return Err("the file is cut off: no end-of-image mark".to_owned());
    }
    // Large pictures are decoded one at a time, whatever the number of threads.
    static LARGE: Mutex<()> = Mutex::new(());
    let _alone =
        (pixels > LARGE_PIXELS).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut reader = open().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(pixels.saturating_mul(BYTES_PER_PIXEL).max(1 << 20));
    reader.limits(limits);
    reader.decode().map_err(|error| error.to_string())?;
    Ok((width, height))
}

/// Looks for the end-of-image mark (FF D9, ITU-T T.81 B.1.1.3) near the end of a JPEG file, because
/// decoders fill what is missing with grey.
fn ends_as_jpeg(path: &Path) -> std::io::Result<bool> {
    const NEAR_END: u64 = 64 << 10;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(NEAR_END)))?;
    let mut tail = Vec::new();
    file.take(NEAR_END).read_to_end(&mut tail)?;
    Ok(tail.windows(2).any(|pair| pair == [0xff, 0xd9]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn settings(check: Look) -> ImageSettings {
        ImageSettings { check, ..ImageSettings::default() }
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(width, height)
            .write_to(&mut bytes, ImageFormat::Png)
            .expect("encoded");
        bytes.into_inner()
    }

    fn jpeg() -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(64, 64).write_to(&mut bytes, ImageFormat::Jpeg).expect("encoded");
        bytes.into_inner()
    }

    #[test]
    fn pictures_are_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("good.png"), png(40, 50)).expect("written");
        fs::write(path("cut.png"), &png(40, 50)[..60]).expect("written");
        fs::write(path("good.jpg"), jpeg()).expect("written");
        fs::write(path("cut.jpg"), &jpeg()[..jpeg().len() - 9]).expect("written");
        fs::write(path("text.jpg"), "no picture").expect("written");
        let look_at =
            |name: &str| look(&[name.to_owned()], folder.path(), &settings(Look::Decode)).remove(0);
        assert_eq!(look_at("good.png"), Picture::Decoded { width: 40, height: 50 });
        assert_eq!(look_at("good.jpg"), Picture::Decoded { width: 64, height: 64 });
        assert_eq!(look_at("none.png"), Picture::Missing);
        for broken in ["cut.png", "cut.jpg", "text.jpg"] {
            assert!(matches!(look_at(broken), Picture::Broken(_)), "{broken}");
        }
        let absolute = format!("file://{}", path("good.png").display());
        assert_eq!(look_at(&absolute), Picture::Decoded { width: 40, height: 50 });
        assert_eq!(look(&["none".into()], folder.path(), &settings(Look::Off)), Facts::new());
        assert_eq!(
            look(&["text.jpg".into()], folder.path(), &settings(Look::Exists)),
            [Picture::Present]
        );
    }

    #[test]
    fn a_huge_claim_is_not_decoded() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bytes = png(40, 50);
        bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        fs::write(folder.path().join("bomb.png"), bytes).expect("written");
        let facts = look(&["bomb.png".into()], folder.path(), &settings(Look::Decode));
        assert!(matches!(&facts[0], Picture::Broken(_)), "{facts:?}");
    }

    #[test]
    fn nothing_outside_the_folders_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).expect("made");
        fs::write(folder.path().join("out.png"), png(40, 40)).expect("written");
        std::os::unix::fs::symlink(folder.path().join("out.png"), inside.join("link.png"))
            .expect("linked");
        let outside = folder.path().join("out.png").display().to_string();
        for name in ["../out.png", "link.png", outside.as_str(), "../inside/../out.png", "."] {
            assert_eq!(locate(name, &inside, &[]), None, "{name}");
        }
        assert!(locate("out.png", &inside, &[folder.path().to_owned()]).is_some());
    }
}
