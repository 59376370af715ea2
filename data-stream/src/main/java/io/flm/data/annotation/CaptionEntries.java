package io.flm.data.annotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a file of captions in COCO's or Karpathy's form says, as it is read; {@link CaptionFormats} has the forms. */
final class CaptionEntries {
    static final String TRAIN = "train";
    private static final Map<String, Set<String>> LISTS = Map.of(
            "images", Set.of("id", "file_name", "filename", "split", "cocoid", "imgid", "sentences"),
            "annotations", Set.of("image_id", "caption"));

    private final Path file;
    private final String split;
    private final Sink sink;
    private final SortedMap<String, Integer> splits = new TreeMap<>();
    private boolean empty = true;

    private CaptionEntries(Path file, String split, Sink sink) {
        this.file = file;
        this.split = split;
        this.sink = sink;
    }

    /** Takes what is read. Captions may come before their picture. */
    interface Sink {
        /** A picture of the split. */
        void picture(String id, String key, String where);

        /** A caption of a picture. */
        void caption(String id, String text);
    }

    /**
     * Reads a file.
     *
     * @param split of Karpathy's form, as {@link CaptionFormats#read} has it
     * @throws UserException where it holds no picture of the split
     */
    static void read(Path file, String split, Sink sink) {
        CaptionEntries entries = new CaptionEntries(file, split, sink);
        AnnotationFile.lists(file, LISTS, entries::add);
        entries.requirePicture();
    }

    private void add(String list, JsonNode entry, String where) {
        if (list.equals("annotations")) {
            sink.caption(AnnotationFile.id(entry, "image_id", where), AnnotationFile.text(entry, "caption", where));
        } else if (entry.has("sentences")) {
            String its = AnnotationFile.text(entry, "split", where);
            splits.merge(its, 1, Integer::sum);
            if (its.equals(split) || (split.equals(TRAIN) && its.equals("restval"))) {
                String id = AnnotationFile.id(entry, entry.has("cocoid") ? "cocoid" : "imgid", where);
                picture(id, AnnotationFile.text(entry, "filename", where), where);
                if (!entry.path("sentences").isArray()) {
                    throw AnnotationFile.lacks(entry, "sentences", "a list of captions", where);
                }
                for (JsonNode sentence : entry.path("sentences")) {
                    sink.caption(id, AnnotationFile.text(sentence, "raw", where));
                }
            }
        } else {
            picture(AnnotationFile.id(entry, "id", where), AnnotationFile.text(entry, "file_name", where), where);
        }
    }

    private void picture(String id, String key, String where) {
        empty = false;
        sink.picture(id, key, where);
    }

    private void requirePicture() {
        if (empty) {
            throw new UserException(file + ": "
                    + (splits.isEmpty()
                            ? "no picture in \"images\"; give captions as COCO or Karpathy has them"
                            : "no picture of split " + AnnotationFile.shown(split) + ", but " + splits
                                    + "; give a file that has pictures of it"));
        }
    }

    static UserException twice(String id, String where) {
        return new UserException(
                where + ": picture " + AnnotationFile.shown(id) + " is there twice; leave one of them out");
    }

    static UserException strays(Path file, long count, String first) {
        return new UserException(file + ": captions of " + count + " pictures that are not in \"images\", the first"
                + " image_id " + AnnotationFile.shown(first) + "; fetch the file again");
    }
}
