package io.flm.worker.model;

/** The stages of the graph, in forward order. Backward completes the gradients of one stage at a time, the last first. */
enum Stage {
    IMAGE(0),
    TEXT(1),
    FUSION(2),
    PREDICT(3);

    static final int COUNT = 4;

    private final int index;

    Stage(int index) {
        this.index = index;
    }

    /** Its place among the stages, by which gradients are kept and seeds are counted. */
    int index() {
        return index;
    }
}
