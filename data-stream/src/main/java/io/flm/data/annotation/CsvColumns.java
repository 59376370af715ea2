package io.flm.data.annotation;

import io.flm.data.UserException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Which columns of a table name a picture and hold its caption.
 *
 * @param header whether the first line says so; else the first column is the picture, the second its caption
 */
record CsvColumns(int picture, int caption, boolean header) {
    private static final List<String> PICTURES = List.of(
            "image", "picture", "filepath", "file_path", "image_path", "path", "file_name", "filename", "file", "img");
    private static final List<String> CAPTIONS = List.of("caption", "title", "text");
    private static final List<String> URLS = List.of("url", "image_url", "image_link", "link");
    private static final Pattern URL = Pattern.compile("(?i)([a-z][a-z0-9+.-]*://|data:).*", Pattern.DOTALL);

    /** Of the first line. */
    static CsvColumns of(List<String> first, String where) {
        List<String> names = first.stream()
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .toList();
        int picture = find(names, PICTURES);
        int caption = find(names, CAPTIONS);
        if (picture >= 0 && caption >= 0) {
            return new CsvColumns(picture, caption, true);
        }
        int url = find(names, URLS);
        if (picture < 0 && url >= 0) {
            throw urls(where, "column " + names.get(url));
        }
        if (picture < 0 && caption < 0 && first.size() == 2) {
            first.forEach(value -> requireNoUrl(value, where));
            return new CsvColumns(0, 1, false);
        }
        if (first.size() == 1 && first.get(0).contains("\t")) {
            throw new UserException(
                    where + ": tabs separate its values, and its name says that commas do; call it .tsv");
        }
        throw new UserException(where + ": no column of "
                + (picture < 0
                        ? "pictures (" + String.join(", ", PICTURES)
                        : "captions (" + String.join(", ", CAPTIONS))
                + ") among " + AnnotationFile.shown(String.join(", ", first))
                + "; name the columns in the first line, or give two without names, pictures and captions");
    }

    private static int find(List<String> names, List<String> known) {
        return known.stream()
                .mapToInt(names::indexOf)
                .filter(at -> at >= 0)
                .findFirst()
                .orElse(-1);
    }

    /** Pictures are not fetched here: links die, and a run would end otherwise from one day to the next. */
    static void requireNoUrl(String picture, String where) {
        if (URL.matcher(picture).matches()) {
            throw urls(where, AnnotationFile.shown(picture));
        }
    }

    private static UserException urls(String where, String shown) {
        return new UserException(where + ": pictures as URLs (" + shown
                + "), which are not fetched; fetch them first, such as with img2dataset, and give the tar files that it"
                + " writes");
    }
}
