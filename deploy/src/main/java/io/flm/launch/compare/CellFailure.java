package io.flm.launch.compare;

/** A cell did not come to its result: why, in one line. */
final class CellFailure extends Exception {
    private static final long serialVersionUID = 1L;

    CellFailure(String message) {
        super(message);
    }
}
