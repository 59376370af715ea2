package io.flm.data;

/**
 * RandAugment (arXiv 1909.13719): a few operations in a row, each drawn evenly from all {@link PictureOperation}s, and all as strong
 * as one number says. The list and its ranges are those of the official FLM code, which has them from METER (arXiv 2111.02387).
 *
 * <p>There the picture is changed as it is stored, here as it is after it was resized: decoded pictures are kept at that size. So
 * pixels by which a picture is moved are those of one with a shorter side of 480, as most of COCO's have.
 *
 * @param operations of each visit of a picture; one may be drawn twice. 0: none
 * @param magnitude 0..30
 */
public record RandAugment(int operations, int magnitude) {
    /** Leaves pictures as they are. */
    public static final RandAugment NONE = new RandAugment(0, 9);

    private static final PictureOperation[] ALL = PictureOperation.values();
    private static final double MOST = 30;
    private static final double USUAL_SIDE = 480;

    public boolean isNone() {
        return operations == 0;
    }

    /**
     * Draws operations and applies them.
     *
     * @param rgb [3, S, S]
     */
    byte[] apply(byte[] rgb, int size, RandomStream random) {
        byte[] changed = rgb;
        for (int i = 0; i < operations; i++) {
            PictureOperation operation = ALL[random.nextInt(ALL.length)];
            boolean otherWay = random.nextBoolean(0.5); // drawn for each, so that all take as many numbers
            double strength = strength(operation, size);
            changed = operation.apply(changed, size, otherWay && operation.eitherWay() ? -strength : strength);
        }
        return changed;
    }

    private double strength(PictureOperation operation, int size) {
        double strength = operation.strength(magnitude / MOST);
        return switch (operation) {
            case TRANSLATE_X, TRANSLATE_Y -> strength * size / USUAL_SIDE;
            default -> strength;
        };
    }
}
