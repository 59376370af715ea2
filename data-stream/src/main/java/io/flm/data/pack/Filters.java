package io.flm.data.pack;

import java.util.List;

/**
 * Which samples are wanted.
 *
 * @param minSide the least shorter side, pixels; 0: any
 * @param maxAspect the most that the longer side may be, in shorter sides; 0: any
 * @param minWords the fewest words of a caption, which white space separates
 * @param maxWords the most; 0: any
 */
public record Filters(int minSide, double maxAspect, int minWords, int maxWords) {
    /** Takes all. */
    public static final Filters NONE = new Filters(0, 0, 0, 0);

    boolean isSmall(int width, int height) {
        return Math.min(width, height) < minSide;
    }

    boolean isLong(int width, int height) {
        return maxAspect > 0 && Math.max(width, height) > maxAspect * Math.min(width, height);
    }

    boolean wants(int width, int height) {
        return !isSmall(width, height) && !isLong(width, height);
    }

    /** The captions of a sample that are wanted. */
    List<String> of(List<String> captions) {
        return captions.stream()
                .filter(caption -> {
                    int words = words(caption);
                    return words >= minWords && (maxWords == 0 || words <= maxWords);
                })
                .toList();
    }

    static int words(String caption) {
        int words = 0;
        boolean within = false;
        for (int i = 0; i < caption.length(); i++) {
            boolean letter = !Character.isWhitespace(caption.charAt(i));
            words += letter && !within ? 1 : 0;
            within = letter;
        }
        return words;
    }
}
