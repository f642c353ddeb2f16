package sfo.ops.api;

import sfo.protocol.model.Lun;

/** The files below LUNs, on volumes that are mounted here. Made once, when an operator says so, and never by a plan. */
public interface LunFiles {
    /**
     * Makes it with all of its space taken, so that no initiator meets a full volume in the middle of its file system.
     *
     * @return false if a file of that size was there already, which is left as it is
     * @throws HostException if one of another size is there, or there is no room; then nothing is left
     */
    boolean make(String group, Lun lun, Call call) throws HostException;

    /** Removes one that was made in vain. */
    void remove(String group, Lun lun, Call call) throws HostException;
}
