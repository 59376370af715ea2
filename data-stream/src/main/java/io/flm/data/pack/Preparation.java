package io.flm.data.pack;

import io.flm.data.Dataset;
import io.flm.data.PackedPicture;
import io.flm.data.Pictures;
import io.flm.data.SampleException;
import io.flm.data.TarSample;
import io.flm.data.pack.Prepared.Measures;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** What is done for each sample alone: read, decode, measure, filter, encode. Any thread may do it. */
record Preparation(Dataset source, Pictures pictures, PackSettings settings) {
    /** Throws an {@link IOException} where the source cannot be read, which says nothing of the sample. */
    Prepared of(long index) throws IOException {
        String key = source.key(index);
        List<String> captions;
        byte[] file;
        try {
            captions = source.captions(index);
        } catch (SampleException e) {
            return Prepared.unusable(index, key, Rejection.CAPTION, cause(e, index));
        }
        try {
            file = pictures.read(source, index);
        } catch (SampleException e) {
            return Prepared.unusable(index, key, Rejection.PICTURE, cause(e, index));
        }
        return of(index, key, file, captions);
    }

    private Prepared of(long index, String key, byte[] file, List<String> captions) {
        Filters filters = settings.filters();
        List<String> wanted = filters.of(captions);
        PackedPicture picture;
        try {
            picture = pictures.packed(
                    file,
                    settings.target(),
                    (width, height) -> !wanted.isEmpty() && filters.wants(width, height),
                    settings.comparesPictures());
        } catch (IOException e) {
            return Prepared.unusable(index, key, Rejection.PICTURE, String.valueOf(e.getMessage()));
        }
        int width = picture.width();
        int height = picture.height();
        Measures measures = new Measures(
                width, height, words(captions), words(wanted), file.length, picture.file().length, picture.hash());
        String problem = TarSample.problem(key);
        if (filters.isSmall(width, height)) {
            return rejected(index, key, measures, Rejection.SMALL, width + " x " + height + " pixels");
        }
        if (filters.isLong(width, height)) {
            return rejected(index, key, measures, Rejection.LONG, width + " x " + height + " pixels");
        }
        if (wanted.isEmpty()) {
            return rejected(index, key, measures, Rejection.WORDS, wordsOf(measures.words()));
        }
        if (!problem.isEmpty()) {
            return rejected(index, key, measures, Rejection.KEY, "its key " + problem);
        }
        byte[] block = TarSample.of(key, picture.format(), picture.file(), wanted);
        return new Prepared(index, key, measures, null, "", block);
    }

    /** The message without the sample's name, which stands beside it. */
    private String cause(SampleException e, long index) {
        String message = String.valueOf(e.getMessage());
        String name = source.name(index) + ": ";
        return message.startsWith(name) ? message.substring(name.length()) : message;
    }

    private static Prepared rejected(long index, String key, Measures measures, Rejection rejection, String detail) {
        return new Prepared(index, key, measures, rejection, detail, new byte[0]);
    }

    private static int[] words(List<String> captions) {
        return captions.stream().mapToInt(Filters::words).toArray();
    }

    private static String wordsOf(int[] words) {
        return words.length == 1
                ? words[0] + (words[0] == 1 ? " word" : " words")
                : String.format(Locale.ROOT, "%d captions, the first of %d words", words.length, words[0]);
    }
}
