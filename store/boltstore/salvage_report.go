package boltstore

import "github.com/bgq-dev/bgq/store"

// The reasons that [Salvage] leaves in Job.Reason.
const (
	// ReasonDoubtful: the record may be an older state of the job, so it is held.
	ReasonDoubtful = "repair_doubtful"
	// ReasonArgsLost: the job cannot run any more.
	ReasonArgsLost = "repair_args_lost"
	// ReasonResultLost: the job had completed, and what it returned is lost.
	ReasonResultLost = "repair_result_lost"
	// ReasonLost: all of the job is lost, but that it was a member of its batch.
	ReasonLost = "repair_lost"
)

// SalvageReport says what [Salvage] found, and what it made of it.
type SalvageReport struct {
	// Pages is how many the file has, DamagedPages how many of those that are in use are
	// damaged, and Damaged says what is wrong with the first thousand.
	Pages        int
	DamagedPages int
	Damaged      []DamagedPage
	// Tree says how current the file was found.
	Tree SalvageTree
	// MetaDamaged tells that one of the two meta pages is damaged. If it was the newer one, the last
	// commit is lost; nothing can tell.
	MetaDamaged bool

	// Jobs are those that the new file has, States how many of them are in each state.
	Jobs   int64
	States map[store.State]int64
	// Expected is how many jobs there were by the counters; -1: not known.
	Expected int64
	// Lost are the jobs that something names and nothing holds. With LostUnknown there may be more.
	// In place of Marked of them, which were members of batches, there are jobs now that are discarded
	// with ReasonLost; Jobs and States do not count these.
	Lost        SalvagedJobs
	LostUnknown bool
	Marked      int64
	// Strayed were found behind damaged pages, as they were: an index confirms their states.
	Strayed SalvagedJobs
	// Doubtful may be older states of the jobs, which have changed or were deleted since. Held
	// of them had not ended: they are pending now, with ReasonDoubtful.
	Doubtful SalvagedJobs
	Held     int64
	// The jobs that have lost a part. Those without arguments that had not ended are discarded
	// now, with ReasonArgsLost, and so are completed ones without a result, with ReasonResultLost.
	ArgsLost, ResultLost, FailuresLost SalvagedJobs
	// KeyLost are jobs whose unique key or idempotency key another one has. They are held, if they had not ended.
	KeyLost SalvagedJobs

	// Tables says what was found in each table of the queue.
	Tables []SalvagedTable
	// Settings are those records of queues, batches and schedules that are not as they were.
	Settings []SalvagedSetting
	// App are the buckets of the application. With AppUnknown there may have been others.
	App        []SalvagedBucket
	AppUnknown bool
}

// Whole tells that nothing was lost and nothing is doubtful: what was damaged, if anything,
// could be made again from the rest.
func (r *SalvageReport) Whole() bool {
	for _, jobs := range []*SalvagedJobs{&r.Lost, &r.Doubtful, &r.ArgsLost, &r.ResultLost, &r.FailuresLost, &r.KeyLost} {
		if jobs.Total > 0 {
			return false
		}
	}
	for _, b := range r.App {
		if !b.Whole {
			return false
		}
	}
	for _, t := range r.Tables {
		if !t.Derived && !t.told && (t.Missing || t.Damaged > 0) {
			return false
		}
	}
	return r.Tree == TreeNewest && !r.MetaDamaged && !r.LostUnknown && !r.AppUnknown && len(r.Settings) == 0
}

// SalvageTree is which commit the records were found by.
type SalvageTree uint8

// The trees.
const (
	// TreeNewest: that of the last commit.
	TreeNewest SalvageTree = iota
	// TreeOlder: that of an earlier one, since the last cannot be read. All jobs that had not
	// ended there are doubtful.
	TreeOlder
	// TreeNone: there is none; single pages were read. All jobs are doubtful.
	TreeNone
)

// DamagedPage is a page and what is wrong with it.
type DamagedPage struct {
	Page uint64
	What string
}

// SalvagedJobs are the ids of jobs, up to a thousand of them; Total counts all.
type SalvagedJobs struct {
	Total int64
	IDs   []store.ID
}

// maxSalvageList bounds the lists of a report.
const maxSalvageList = 1000

func (s *SalvagedJobs) add(id store.ID) {
	s.Total++
	if len(s.IDs) < maxSalvageList {
		s.IDs = append(s.IDs, id)
	}
}

// SalvagedTable is a table of the queue.
type SalvagedTable struct {
	Name    string
	Found   int64 // records that can be read
	Damaged int64 // those that are there and cannot
	// Missing tells that pages of it are damaged, behind which there may have been others that
	// were not found.
	Missing bool
	// Derived tells that it was made anew from other tables, so that nothing of it can be lost.
	Derived bool

	told bool // what is missing is told job by job
}

// SalvagedSetting is a record of a queue, a batch or a schedule that is not as it was.
type SalvagedSetting struct {
	Kind string // "queue", "batch" or "schedule"
	Name string
	// Became is "lost"; "paused": a queue whose settings are lost; "rebuilt": a batch, from its
	// members; or "older": perhaps an older state of it.
	Became string
}

// SalvagedBucket is a bucket of the application.
type SalvagedBucket struct {
	Name  string
	Items int64 // that were copied, with those of the buckets inside of it
	Whole bool  // no page of it is damaged. Single values are not checked: the queue knows no checksum of theirs.
}
