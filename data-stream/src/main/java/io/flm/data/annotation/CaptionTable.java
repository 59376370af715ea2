package io.flm.data.annotation;

import io.flm.data.LeftOut;
import io.flm.data.PictureSource;
import io.flm.data.SampleException;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.UsableTexts;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * A file of captions beside pictures in folders or tar files, as a shard: each picture that it names is a sample, with all its captions,
 * in the order in which the file names pictures first. What it names that is not there is left out and counted.
 *
 * <p>The file is read once, and its captions go to a {@link CaptionSpool}: in memory are 12 bytes a sample.
 */
public final class CaptionTable implements Shard {
    private final String name;
    private final String label;
    private final PictureSource pictures;
    private final int[] pictureOf; // of each sample
    private final long[] lastCaption; // of each sample, in the spool
    private final CaptionSpool spool;
    private final byte[] sha256;

    private CaptionTable(Path file, String label, Slots samples, CaptionSpool spool, PictureSource pictures) {
        this.name = String.valueOf(file.getFileName());
        this.label = label;
        this.pictures = pictures;
        this.pictureOf = Arrays.copyOf(samples.picture, samples.count);
        this.lastCaption = Arrays.copyOf(samples.last, samples.count);
        this.spool = spool;
        this.sha256 = spool.sha256();
    }

    /**
     * Reads captions in COCO's or Karpathy's form, as {@link CaptionFormats} has them. Ids of the same picture are one sample.
     *
     * @param label what messages call it
     * @param scored whether of Karpathy's splits {@code test} is meant, or {@code train} and {@code restval}
     * @throws UserException where the file contradicts itself, or none of its pictures is there
     */
    public static CaptionTable ofJson(
            Path file, String label, PicturePlaces pictures, boolean scored, ShardFiles files) {
        CaptionSpool spool = spool(files);
        JsonReading reading = new JsonReading(file, new Found(label, "json", pictures, files.leftOut()), spool);
        CaptionEntries.read(file, scored ? "test" : CaptionEntries.TRAIN, reading);
        return new CaptionTable(file, label, reading.samples(), spool, pictures.source());
    }

    /**
     * Reads a table with a picture and a caption a line; {@link CsvColumns} says which. Lines of the same picture are one sample.
     *
     * @param label what messages call it
     * @param separator of columns
     * @throws UserException where it is none, names pictures by URL, or none of its pictures is there
     */
    public static CaptionTable ofCsv(
            Path file, String label, char separator, PicturePlaces pictures, ShardFiles files) {
        CaptionSpool spool = spool(files);
        String kind = separator == '\t' ? "tsv" : "csv";
        CsvReading reading = new CsvReading(new Found(label, kind, pictures, files.leftOut()), spool);
        CsvRows.read(file, separator, reading);
        return new CaptionTable(file, label, reading.samples(file), spool, pictures.source());
    }

    private static CaptionSpool spool(ShardFiles files) {
        CaptionSpool spool = CaptionSpool.create();
        files.closeToo(spool);
        return spool;
    }

    /** Pictures with the newest caption of each: arrays that grow. */
    private static final class Slots {
        private int[] picture = new int[64];
        private long[] last = new long[64];
        private int count;

        void add(int itsPicture, long itsLast) {
            if (count == picture.length) {
                picture = Arrays.copyOf(picture, Math.multiplyExact(count, 2));
                last = Arrays.copyOf(last, picture.length);
            }
            picture[count] = itsPicture;
            last[count] = itsLast;
            count++;
        }
    }

    /** Finds pictures, and counts what is not there. */
    private static final class Found {
        private final String label;
        private final String kind;
        private final PicturePlaces pictures;
        private final LeftOut leftOut;
        private long there;
        private long missing;
        private String firstMissing = "";

        Found(String label, String kind, PicturePlaces pictures, LeftOut leftOut) {
            this.label = label;
            this.kind = kind;
            this.pictures = pictures;
            this.leftOut = leftOut;
        }

        /** Its index, or -1. */
        int find(String key) {
            OptionalLong found = pictures.find(key);
            if (found.isPresent()) {
                there++;
                return Math.toIntExact(found.getAsLong());
            }
            if (missing++ == 0) {
                firstMissing = key;
            }
            leaveOut(key, "a picture that is not there");
            return -1;
        }

        void leaveOut(String what, String reason) {
            leftOut.add(label + ":" + AnnotationFile.shown(what), kind, reason);
        }

        Slots requireSome(Path file, Slots samples) {
            if (samples.count == 0) {
                throw new UserException(
                        there > 0 || missing == 0
                                ? file + ": no picture has a caption; give another file"
                                : String.format(
                                        Locale.ROOT,
                                        "%s: none of its %,d pictures is there, such as %s; give the tar files or folders that"
                                                + " hold them beside it (there are %,d pictures, such as %s)",
                                        file,
                                        missing,
                                        AnnotationFile.shown(firstMissing),
                                        pictures.source().size(),
                                        pictures.source().size() == 0
                                                ? "none"
                                                : pictures.source().name(0)));
            }
            return samples;
        }
    }

    /** Entries of JSON, whose captions may come before their picture. */
    private static final class JsonReading implements CaptionEntries.Sink {
        private static final int UNKNOWN = -2; // a picture that was only spoken of
        private static final int MISSING = -1;

        private final Path file;
        private final Found found;
        private final CaptionSpool spool;
        private final Ids ids = new Ids();
        private final Slots byId = new Slots();
        private final Slots order = new Slots(); // places of pictures in byId, as the file lists them
        private long unknown;

        JsonReading(Path file, Found found, CaptionSpool spool) {
            this.file = file;
            this.found = found;
            this.spool = spool;
        }

        private int slot(String id) {
            int slot = ids.add(id);
            if (slot == byId.count) {
                byId.add(UNKNOWN, CaptionSpool.NONE);
                unknown++;
            }
            return slot;
        }

        @Override
        public void picture(String id, String key, String where) {
            int slot = slot(id);
            if (byId.picture[slot] != UNKNOWN) {
                throw CaptionEntries.twice(id, where);
            }
            byId.picture[slot] = found.find(key);
            order.add(slot, 0);
            unknown--;
        }

        @Override
        public void caption(String id, String text) {
            int slot = slot(id);
            byId.last[slot] = spool.add(byId.last[slot], text);
        }

        Slots samples() {
            if (unknown > 0) {
                int first = 0;
                while (byId.picture[first] != UNKNOWN) {
                    first++;
                }
                throw CaptionEntries.strays(file, unknown, ids.id(first));
            }
            Slots samples = new Slots();
            LongSlots seen = new LongSlots();
            for (int i = 0; i < order.count; i++) {
                int slot = order.picture[i];
                int picture = byId.picture[slot];
                if (picture != MISSING && byId.last[slot] == CaptionSpool.NONE) {
                    found.leaveOut(found.pictures.source().key(picture), "a picture without a caption");
                } else if (picture != MISSING) {
                    int sample = seen.add(picture);
                    if (sample == samples.count) {
                        samples.add(picture, byId.last[slot]);
                    } else {
                        samples.last[sample] = spool.addAgain(samples.last[sample], byId.last[slot]);
                    }
                }
            }
            return found.requireSome(file, samples);
        }
    }

    /** Lines of a table. */
    private static final class CsvReading implements CsvRows.Sink {
        private final Found found;
        private final CaptionSpool spool;
        private final LongSlots pictures = new LongSlots();
        private final Slots samples = new Slots();
        private CsvColumns columns = new CsvColumns(0, 1, false);
        private boolean begun;

        CsvReading(Found found, CaptionSpool spool) {
            this.found = found;
            this.spool = spool;
        }

        @Override
        public void accept(List<String> values, String where) {
            if (!begun) {
                begun = true;
                columns = CsvColumns.of(values, where);
                if (columns.header()) {
                    return;
                }
            }
            String line = where.substring(where.lastIndexOf(':') + 1);
            String key = values.size() > columns.picture()
                    ? values.get(columns.picture()).strip()
                    : "";
            if (key.isEmpty()) {
                found.leaveOut(line, "a line without a picture");
                return;
            }
            CsvColumns.requireNoUrl(key, where);
            if (values.size() <= columns.caption()) {
                found.leaveOut(line, "a line without a caption");
                return;
            }
            int picture = found.find(key);
            if (picture >= 0) {
                int sample = pictures.add(picture);
                if (sample == samples.count) {
                    samples.add(picture, CaptionSpool.NONE);
                }
                samples.last[sample] = spool.add(samples.last[sample], values.get(columns.caption()));
            }
        }

        Slots samples(Path file) {
            return found.requireSome(file, samples);
        }
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int size() {
        return pictureOf.length;
    }

    @Override
    public String key(int sample) {
        return pictures.key(pictureOf[sample]);
    }

    @Override
    public String file(int sample) {
        return pictures.file(pictureOf[sample]);
    }

    @Override
    public byte[] image(int sample) throws IOException {
        return pictures.image(pictureOf[sample]);
    }

    @Override
    public int imageSizeBytes(int sample) {
        return pictures.imageSizeBytes(pictureOf[sample]);
    }

    @Override
    public List<String> captions(int sample) throws SampleException, IOException {
        String its = label + ":" + key(sample);
        List<String> captions = spool.captions(lastCaption[sample]);
        if (captions.size() > CaptionSpool.MOST_TEXTS) {
            throw new SampleException(its, "it has more than " + CaptionSpool.MOST_TEXTS + " captions");
        }
        return UsableTexts.captions(its, captions);
    }

    /** Of all pictures that are there, which of them are samples, and all captions and whose they are. */
    @Override
    public void digest(MessageDigest digest) {
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        digest.update(pictures.sha256().getBytes(StandardCharsets.US_ASCII));
        digest.update(sha256);
        ByteBuffer sample = ByteBuffer.allocate(Integer.BYTES + Long.BYTES);
        for (int i = 0; i < pictureOf.length; i++) {
            digest.update(
                    sample.clear().putInt(pictureOf[i]).putLong(lastCaption[i]).flip());
        }
    }
}
