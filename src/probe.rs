//! Looks at the pictures that a sample names or holds: the only importer of `image` and `base64`.
//! It reports facts and decides nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use image::{DynamicImage, GenericImageView as _, ImageFormat, ImageReader, Limits, Pixel as _};

use crate::check::{Facts, ImageSettings, Look, Picture};

/// Base64 as writers make it, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
    let is_there = |name: &String| match Place::of(name) {
        Place::Inline(_) => true,
        Place::Network => false,
        Place::File => locate(name, folder, &settings.root).is_some(),
    };
    settings.check == Look::Off || names.iter().all(is_there)
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

/// Where the name of a picture points to.
enum Place<'a> {
    /// Into the name itself: the Base64 text of a `data:` address (RFC 2397).
    Inline(&'a str),
    /// To another host.
    Network,
    /// To a file.
    File,
}

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Self {
        let starts = |start: &str| {
            name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        };
        if starts("data:") {
            return Self::Inline(name.split_once(";base64,").map_or("", |(_, text)| text));
        }
        let far = ["http://", "https://", "s3://", "gs://"];
        if far.into_iter().any(starts) { Self::Network } else { Self::File }
    }
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
    // A decoder that panics has met a broken picture.
    let decoded = match Place::of(name) {
        Place::Network => return Picture::Remote,
        Place::Inline(_) if settings.check == Look::Exists => return Picture::Present,
        Place::Inline(text) => std::panic::catch_unwind(|| {
            let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let bytes = BASE64.decode(plain).map_err(|error| error.to_string())?;
            decode(|| Ok(Cursor::new(bytes.as_slice())), settings.max_pixels)
        }),
        Place::File => {
            let Some(path) = locate(name, folder, &settings.root) else { return Picture::Missing };
            if settings.check == Look::Exists {
                return Picture::Present;
            }
            let open = || Ok(BufReader::new(File::open(&path)?));
            std::panic::catch_unwind(|| decode(open, settings.max_pixels))
        }
    };
    match decoded.unwrap_or_else(|_| Err("the decoder failed".to_owned())) {
        Ok((width, height, contrast)) => Picture::Decoded { width, height, contrast },
        Err(why) => Picture::Broken(why.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Decodes a picture within the limits and returns its size in pixels and its contrast.
fn decode<R: BufRead + Seek>(
    open: impl Fn() -> io::Result<R>,
    max_pixels: u64,
) -> Result<(u32, u32, f64), String> {
    let read = || ImageReader::new(open()?).with_guessed_format();
    let reader = read().map_err(|error| error.to_string())?;
    let format = reader.format();
    let (width, height) = reader.into_dimensions().map_err(|error| error.to_string())?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(format!("{width} x {height} pixels, more than the {max_pixels} allowed"));
    }
    if format == Some(ImageFormat::Jpeg) {
        let whole = open().and_then(ends_as_jpeg).map_err(|error| error.to_string())?;
        if !whole {
            return Err("the file is cut off: no end-of-image mark".to_owned());
        }
    }
    // Large pictures are decoded one at a time, whatever the number of threads.
    static LARGE: Mutex<()> = Mutex::new(());
    let _alone =
        (pixels > LARGE_PIXELS).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut reader = read().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(pixels.saturating_mul(BYTES_PER_PIXEL).max(1 << 20));
    reader.limits(limits);
    let decoded = reader.decode().map_err(|error| error.to_string())?;
    Ok((width, height, contrast(&decoded)))
}

/// Standard deviation of the brightness of the pixels, 0 to 255; of large pictures on a grid of them. What can be seen
/// through is laid on white and on black; the larger deviation counts.
fn contrast(picture: &DynamicImage) -> f64 {
    const GRID: u32 = 512;
    let (width, height) = (picture.width(), picture.height());
    let (across, down) = (width.div_ceil(GRID).max(1), height.div_ceil(GRID).max(1));
    let (mut on_black, mut on_white) = (Deviation::default(), Deviation::default());
    for y in (0..height).step_by(down as usize) {
        for x in (0..width).step_by(across as usize) {
            let [brightness, opacity] = picture.get_pixel(x, y).to_luma_alpha().0.map(f64::from);
            let seen = brightness * opacity / 255.0;
            on_black.add(seen);
            on_white.add(seen + 255.0 - opacity);
        }
    }
    on_black.get().max(on_white.get())
}

/// A standard deviation under way.
#[derive(Default)]
struct Deviation {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Deviation {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn get(&self) -> f64 {
        let count = self.count.max(1.0);
        let mean = self.sum / count;
        (self.squares / count - mean * mean).max(0.0).sqrt()
    }
}

/// Looks for the end-of-image mark (FF D9, ITU-T T.81 B.1.1.3) near the end of a JPEG file, because
/// decoders fill what is missing with grey.
fn ends_as_jpeg(mut file: impl Read + Seek) -> io::Result<bool> {
    const NEAR_END: u64 = 64 << 10;
    let length = file.seek(SeekFrom::End(0))?;
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
        let mut bytes = Cursor::new(Vec::new());
        // Black and white by turns: the contrast is that of one half 0 and one half 255.
        image::RgbImage::from_fn(width, height, |x, _| image::Rgb([(x % 2 * 255) as u8; 3]))
            .write_to(&mut bytes, ImageFormat::Png)
            .expect("encoded");
        bytes.into_inner()
    }

    fn jpeg() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
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
        let striped = Picture::Decoded { width: 40, height: 50, contrast: 127.5 };
        assert_eq!(look_at("good.png"), striped);
        let black = Picture::Decoded { width: 64, height: 64, contrast: 0.0 };
        assert_eq!(look_at("good.jpg"), black);
        assert_eq!(look_at("none.png"), Picture::Missing);
        for broken in ["cut.png", "cut.jpg", "text.jpg"] {
            assert!(matches!(look_at(broken), Picture::Broken(_)), "{broken}");
        }
        let absolute = format!("file://{}", path("good.png").display());
        assert_eq!(look_at(&absolute), striped);
        let inline = format!("data:image/png;base64,{}", BASE64.encode(png(40, 50)));
        assert_eq!(look_at(&inline), striped);
        let loose =
            inline.replacen("data:", "DATA:", 1).trim_end_matches('=').replace("AAAA", "AA\r\n AA");
        assert_eq!(look_at(&loose), striped);
        assert!(matches!(look_at("data:image/png;base64,###"), Picture::Broken(_)));
        assert!(matches!(look_at("data:,plain"), Picture::Broken(_)));
        assert_eq!(look_at("https://example.org/a.png"), Picture::Remote);
        assert_eq!(look(&["none".into()], folder.path(), &settings(Look::Off)), Facts::new());
        assert_eq!(
            look(&["text.jpg".into()], folder.path(), &settings(Look::Exists)),
            [Picture::Present]
        );
    }

    #[test]
    fn what_is_drawn_on_nothing_is_not_blank() {
        let of = |pixel: fn(u32) -> [u8; 4]| {
            contrast(&image::RgbaImage::from_fn(64, 64, |x, _| image::Rgba(pixel(x))).into())
        };
        assert!(of(|x| [0, 0, 0, if x % 2 == 0 { 255 } else { 0 }]) > 100.0, "black on nothing");
        assert!(
            of(|x| [255, 255, 255, if x % 2 == 0 { 255 } else { 0 }]) > 100.0,
            "white on nothing"
        );
        assert!(of(|x| [(x * 4) as u8, 0, 0, 0]) < 0.1, "nothing to be seen");
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
