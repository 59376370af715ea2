package io.flm.data.annotation;

import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Captions of pictures, several each, in either of two forms, told by content: COCO's (Chen et al. 2015) {@code {"images": [{"id",
 * "file_name"}], "annotations": [{"image_id", "caption"}]}}, and Karpathy's (Karpathy, Fei-Fei 2015) {@code {"images":
 * [{"filename", "split", "cocoid" or "imgid", "sentences": [{"raw"}]}]}}, which COCO's and Flickr30k's usual splits have.
 *
 * @param all those with a caption, in the order of the files
 * @param leftOut pictures without one
 */
public record CaptionFormats(List<CaptionedPicture> all, long leftOut) {
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
            Reading reading = new Reading(file);
            CaptionEntries.read(file, split, reading);
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
    private static final class Reading implements CaptionEntries.Sink {
        private final Path file;
        private final Map<String, String> pictures = new LinkedHashMap<>(); // keys by id
        private final Map<String, List<String>> captions = new LinkedHashMap<>(); // by id

        Reading(Path file) {
            this.file = file;
        }

        @Override
        public void picture(String id, String key, String where) {
            if (pictures.put(id, key) != null) {
                throw CaptionEntries.twice(id, where);
            }
        }

        @Override
        public void caption(String id, String text) {
            captions.computeIfAbsent(id, key -> new ArrayList<>()).add(text);
        }

        CaptionFormats joined() {
            List<String> strays = captions.keySet().stream()
                    .filter(id -> !pictures.containsKey(id))
                    .toList();
            if (!strays.isEmpty()) {
                throw CaptionEntries.strays(file, strays.size(), strays.get(0));
            }
            List<CaptionedPicture> all = new ArrayList<>();
            pictures.forEach((id, key) -> {
                List<String> its = captions.get(id);
                if (its != null) {
                    all.add(new CaptionedPicture(id, key, its));
                }
            });
            return new CaptionFormats(all, pictures.size() - all.size());
        }
    }
}
