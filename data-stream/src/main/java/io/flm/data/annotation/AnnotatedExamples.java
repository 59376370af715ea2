package io.flm.data.annotation;

import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.PlainText;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.TextForm;
import io.flm.data.UsableTexts;
import io.flm.data.UserException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * Annotated examples whose pictures were found in a source. A key that is a number is COCO's: it also finds {@code
 * 000000123456}, {@code COCO_train2014_000000123456}, and those of {@code val2014} and {@code test2015}, which no two have in
 * common.
 */
public final class AnnotatedExamples implements Examples {
    private static final int MOST_NAMED = 3;
    private static final List<String> COCO =
            List.of("%012d", "COCO_train2014_%012d", "COCO_val2014_%012d", "COCO_test2015_%012d");

    private final List<Annotated> all;
    private final long[][] pictures;
    private final TextForm form;
    private final String sha256;

    private AnnotatedExamples(List<Annotated> all, long[][] pictures, TextForm form) {
        this.all = all;
        this.pictures = pictures;
        this.form = form;
        this.sha256 = sha256(all, form);
    }

    /**
     * Finds all pictures.
     *
     * @throws UserException where some are not there: how many examples that concerns, and which first
     */
    public static AnnotatedExamples of(List<Annotated> all, PictureSource source, TextForm form) {
        if (all.isEmpty()) {
            throw new UserException("the annotations hold no example; give other ones");
        }
        long[][] pictures = new long[all.size()][];
        List<String> named = new ArrayList<>();
        long missing = 0;
        for (int i = 0; i < pictures.length; i++) {
            Annotated example = all.get(i);
            pictures[i] = new long[example.pictureKeys().size()];
            List<String> lost = new ArrayList<>();
            for (int k = 0; k < pictures[i].length; k++) {
                String key = example.pictureKeys().get(k);
                OptionalLong found = find(source, key);
                pictures[i][k] = found.orElse(-1);
                if (found.isEmpty()) {
                    lost.add(AnnotationFile.shown(key));
                }
            }
            if (!lost.isEmpty()) {
                missing++;
                if (named.size() < MOST_NAMED) {
                    named.add(AnnotationFile.shown(example.id()) + " (" + String.join(" and ", lost) + ")");
                }
            }
        }
        if (missing > 0) {
            throw new UserException(String.format(
                    Locale.ROOT,
                    "%,d of %,d examples have pictures that are not there: %s%s; give the tar files or folders that hold"
                            + " them (there are %,d pictures, such as %s)",
                    missing,
                    all.size(),
                    String.join(", ", named),
                    missing > named.size() ? ", ..." : "",
                    source.size(),
                    source.size() == 0 ? "none" : source.name(0)));
        }
        return new AnnotatedExamples(List.copyOf(all), pictures, form);
    }

    private static OptionalLong find(PictureSource source, String key) {
        OptionalLong found = source.find(key);
        if (found.isEmpty() && key.matches("\\d{1,12}")) {
            long number = Long.parseLong(key);
            for (String name : COCO) {
                found = source.find(String.format(Locale.ROOT, name, number));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return found;
    }

    private static String sha256(List<Annotated> all, TextForm form) {
        MessageDigest digest = Sha256.newDigest();
        update(digest, form.name());
        for (Annotated example : all) {
            update(digest, example.id());
            example.pictureKeys().forEach(key -> update(digest, key));
            update(digest, "texts");
            example.texts().forEach(text -> update(digest, text));
            update(digest, "labels");
            ByteBuffer labels = ByteBuffer.allocate(Float.BYTES * example.labels().length);
            labels.asFloatBuffer().put(example.labels());
            digest.update(labels);
        }
        return Sha256.hex(digest);
    }

    private static void update(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length)); // so that no two lists read the same
        digest.update(bytes);
    }

    private Annotated at(long index) {
        return all.get(Math.toIntExact(index));
    }

    @Override
    public long size() {
        return all.size();
    }

    @Override
    public String name(long index) {
        return PlainText.of(at(index).id());
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public long[] pictures(long index) {
        return pictures[Math.toIntExact(index)].clone();
    }

    @Override
    public List<String> texts(long index) throws SampleException {
        return UsableTexts.of(name(index), at(index).texts());
    }

    @Override
    public float[] labels(long index) {
        return at(index).labels();
    }

    @Override
    public TextForm textForm() {
        return form;
    }
}
