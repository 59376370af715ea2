package io.flm.launch.compare;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs cells, several at once; a test runs none in earnest. */
interface CellRunner {
    /**
     * Runs a cell to its end, or goes on with one that was interrupted.
     *
     * @param results of the cells that it needs
     * @param slot which of the cells that run at once this one is, from 0
     * @return the cell's result
     * @throws CellFailure where there is none
     * @throws InterruptedException where {@link #stop} was called
     */
    Map<String, @Nullable Object> run(Cell cell, Results results, int slot) throws CellFailure, InterruptedException;

    /** What only this cell needed may go. Called once its result is kept: whoever is killed before that does the cell again. */
    void kept(Cell cell, Results results);

    /** What a cell that runs has said last, for people; empty: nothing. */
    default String lastSaid(Cell cell) {
        return "";
    }

    /** Ends all that runs, in such a way that it can be gone on with. Called by any thread. */
    void stop();
}
