package io.flm.exchange;

import io.aeron.ExclusivePublication;
import io.aeron.logbuffer.BufferClaim;
import org.agrona.MutableDirectBuffer;

/** An Aeron stream as an output: frames are written straight into its buffer. */
final class PublicationOutput implements FrameOutput {
    private final ExclusivePublication publication;
    private final BufferClaim claim = new BufferClaim();

    PublicationOutput(ExclusivePublication publication) {
        this.publication = publication;
    }

    @Override
    public int maxFrameLength() {
        return publication.maxPayloadLength();
    }

    @Override
    public boolean isChecked() {
        return true;
    }

    @Override
    public boolean claim(int length) {
        return publication.tryClaim(length, claim) >= 0;
    }

    @Override
    public MutableDirectBuffer buffer() {
        return claim.buffer();
    }

    @Override
    public int offset() {
        return claim.offset();
    }

    @Override
    public void commit() {
        claim.commit();
    }

    @Override
    public void abort() {
        claim.abort();
    }
}
