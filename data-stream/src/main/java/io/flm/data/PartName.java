package io.flm.data;

import static java.util.Map.entry;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What the name of a file in a shard says: the key of its sample, and its form.
 *
 * <p>The end of the name is its form, and what is before it the key, so that a key may hold dots: {@code Track 2.0 (Clean).png}
 * and {@code Track 2.0 (Clean).txt} are a sample. WebDataset also gives a sample several files by a word before the form, as in
 * {@code 0001.image.jpg} and {@code 0001.caption.txt}, or {@code 0001.jpg} and {@code 0001.jpg.txt}: {@link #WORDS} that say of
 * a file what its form says are not of the key. Other words are, so that {@code 0001.mask.png} does not become the picture of
 * {@code 0001}.
 *
 * @param path of the file in its shard
 * @param key what is the same for all files of a sample; with its folder
 * @param rank the lower, the sooner this file is taken where a sample has two of a form
 */
record PartName(String path, String key, Form form, int rank) {
    /** What a file can be to a sample. */
    enum Form {
        PICTURE,
        JSON,
        TEXT,
        NONE
    }

    private static final Map<String, Form> FORMS = Map.ofEntries(
            entry("png", Form.PICTURE),
            entry("jpg", Form.PICTURE),
            entry("jpeg", Form.PICTURE),
            entry("webp", Form.PICTURE),
            entry("gif", Form.PICTURE),
            entry("bmp", Form.PICTURE),
            entry("tif", Form.PICTURE),
            entry("tiff", Form.PICTURE),
            entry("json", Form.JSON),
            entry("txt", Form.TEXT),
            entry("text", Form.TEXT),
            entry("caption", Form.TEXT));

    /** Where a sample has a file of another end, too, that one is taken. */
    private static final Set<String> LATER = Set.of("text", "caption", "gif", "bmp", "tif", "tiff");

    private static final Set<String> WORDS = Set.of(
            "image",
            "img",
            "caption",
            "captions",
            "text",
            "txt",
            "json",
            "png",
            "jpg",
            "jpeg",
            "webp",
            "gif",
            "bmp",
            "tif",
            "tiff");

    static PartName of(String path) {
        int start = path.lastIndexOf('/') + 1;
        int dot = path.lastIndexOf('.');
        if (dot <= start || path.charAt(start) == '.') {
            return new PartName(path, path, Form.NONE, 0);
        }
        String end = path.substring(dot + 1).toLowerCase(Locale.ROOT);
        Form form = FORMS.getOrDefault(end, Form.NONE);
        int later = LATER.contains(end) ? 1 : 0;
        int wordDot = path.lastIndexOf('.', dot - 1);
        if (wordDot > start && WORDS.contains(path.substring(wordDot + 1, dot).toLowerCase(Locale.ROOT))) {
            return new PartName(path, path.substring(0, wordDot), form, 2 + (form == Form.PICTURE ? later : 0));
        }
        return new PartName(path, path.substring(0, dot), form, later);
    }

    /** Such as {@code ._a.png}, which macOS writes beside a.png. */
    boolean isHidden() {
        return path.startsWith(".", path.lastIndexOf('/') + 1); // an entry of a tar file may have no name
    }
}
