package io.flm.data.annotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Captions of pictures, several each, in either of two forms, told by content: COCO's (Chen et al. 2015) {@code {"images": [{"id",
 * "file_name"}], "annotations": [{"image_id", "caption"}]}}, and Karpathy's (Karpathy, Fei-Fei 2015) {@code {"images":
 * [{"filename", "split", "cocoid" or "imgid", "sentences": [{"raw"}]}]}}, which COCO's and Flickr30k's usual splits have.
 *
 * @param all in the order of the files
 * @param leftOut pictures without a caption, in a file that has captions of others
 */
public record CaptionFormats(List<CaptionedPicture> all, long leftOut) {
    private static final Map<String, Set<String>> LISTS = Map.of(
            "images", Set.of("id", "file_name", "filename", "split", "cocoid", "imgid", "sentences"),
            "annotations", Set.of("image_id", "caption"));

    public CaptionFormats {
        all = List.copyOf(all);
    }

    /**
     * Reads captions.
     *
     * @param split of Karpathy's form: {@code train}, which is his train and restval, as usual, {@code val} or {@code test}; files
     *     of COCO's are of one split each, and all of them is taken
     * @throws UserException where a caption is of no picture, a picture is there twice, or nobody is of the split
     */
    public static CaptionFormats read(List<Path> files, String split) {
        List<CaptionedPicture> all = new ArrayList<>();
        long leftOut = 0;
        Set<String> ids = new HashSet<>();
        for (Path file : files) {
            Reading reading = new Reading(file, split);
            AnnotationFile.lists(file, LISTS, reading::add);
            CaptionFormats its = reading.joined();
            for (CaptionedPicture picture : its.all) {
                if (!ids.add(picture.id())) {
                    throw new UserException(file + ": picture " + AnnotationFile.shown(picture.id())
                            + " is in another file, too; give each once");
                }
            }
            all.addAll(its.all);
            leftOut += its.leftOut;
        }
        return new CaptionFormats(all, leftOut);
    }

    /** One file. */
    private static final class Reading {
        private final Path file;
        private final String split;
        private final Map<String, String> pictures = new LinkedHashMap<>(); // keys by id
        private final Map<String, List<String>> captions = new LinkedHashMap<>(); // by id
        private final SortedMap<String, Integer> splits = new TreeMap<>();

        Reading(Path file, String split) {
            this.file = file;
            this.split = split;
        }

        private void add(String list, JsonNode entry, String where) {
            if (list.equals("annotations")) {
                captions.computeIfAbsent(AnnotationFile.id(entry, "image_id", where), id -> new ArrayList<>())
                        .add(AnnotationFile.text(entry, "caption", where));
            } else if (entry.has("sentences")) {
                String its = AnnotationFile.text(entry, "split", where);
                splits.merge(its, 1, Integer::sum);
                if (its.equals(split) || (split.equals("train") && its.equals("restval"))) {
                    String id = AnnotationFile.id(entry, entry.has("cocoid") ? "cocoid" : "imgid", where);
                    picture(id, AnnotationFile.text(entry, "filename", where), where);
                    if (!entry.path("sentences").isArray()) {
                        throw AnnotationFile.lacks(entry, "sentences", "a list of captions", where);
                    }
                    List<String> sentences = captions.computeIfAbsent(id, key -> new ArrayList<>());
                    for (JsonNode sentence : entry.path("sentences")) {
                        sentences.add(AnnotationFile.text(sentence, "raw", where));
                    }
                }
            } else {
                picture(AnnotationFile.id(entry, "id", where), AnnotationFile.text(entry, "file_name", where), where);
            }
        }

        private void picture(String id, String key, String where) {
            if (pictures.put(id, key) != null) {
                throw new UserException(
                        where + ": picture " + AnnotationFile.shown(id) + " is there twice; leave one of them out");
            }
        }

        CaptionFormats joined() {
            if (pictures.isEmpty()) {
                throw new UserException(file + ": "
                        + (splits.isEmpty()
                                ? "no picture in \"images\"; give captions as COCO or Karpathy has them"
                                : "no picture of split " + AnnotationFile.shown(split) + ", but " + splits
                                        + "; give a file that has pictures of it"));
            }
            List<String> strays = captions.keySet().stream()
                    .filter(id -> !pictures.containsKey(id))
                    .toList();
            if (!strays.isEmpty()) {
                throw new UserException(file + ": captions of " + strays.size()
                        + " pictures that are not in \"images\", the first image_id "
                        + AnnotationFile.shown(strays.get(0)) + "; fetch the file again");
            }
            boolean hidden = captions.values().stream().allMatch(List::isEmpty);
            List<CaptionedPicture> all = new ArrayList<>();
            pictures.forEach((id, key) -> {
                List<String> its = captions.getOrDefault(id, List.of());
                if (hidden || !its.isEmpty()) {
                    all.add(new CaptionedPicture(id, key, its));
                }
            });
            return new CaptionFormats(all, pictures.size() - all.size());
        }
    }
}
