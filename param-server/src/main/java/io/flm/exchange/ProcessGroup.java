package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;

/** What the members of one generation share inside a process. Made by the first that joins; {@link RankExchange} calls it. */
interface ProcessGroup {
    /** One step. */
    interface Round {
        long step();
    }

    GroupSpec spec();

    /** Enters a rank of this process; the spec has been compared. */
    void join(int rank) throws ExchangeException;

    void offer(int rank, long step, StateSource source) throws ExchangeException;

    void fetch(int rank, StateDownload download, Consumer<StateDownload.Progress> progress) throws ExchangeException;

    /** Joins the step's round; the first member makes it, once everyone is in the one before. */
    Round begin(int rank, long step) throws ExchangeException;

    void contribute(Round round, int segment, int rank, List<Partial> partials) throws ExchangeException;

    void contribute(Round round, int rank, List<LaneTotals> lanes, boolean stop) throws ExchangeException;

    void await(Round round, int segment, int rank, FloatBuffer sum) throws ExchangeException;

    StepTotals awaitTotals(Round round, int rank) throws ExchangeException;

    /** A rank of this process leaves, which ends the generation for all; returns when nobody reads its buffers. */
    void leave(int rank);

    /** Ends the generation here; returns when nobody reads a contribution any more. */
    void fail(String reason);
}
